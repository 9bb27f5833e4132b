/** The collector's JSON as the dashboard reads it. Numbers of nanoseconds are decimal text; what may be missing says so. */

export type Nanoseconds = string;

export interface Figures {
    count: number;
    errors: number;
    messages?: number;
    perSecond: number;
    p50Nano: Nanoseconds;
    p95Nano: Nanoseconds;
    p99Nano: Nanoseconds;
    queueP50Nano?: Nanoseconds;
    queueP95Nano?: Nanoseconds;
    queueP99Nano?: Nanoseconds;
}

export type PlaceKind = "outside" | "service" | "topic" | "external";

export interface TopologyNode extends Figures {
    id: string;
    kind: PlaceKind;
    name: string;
}

export interface TopologyEdge extends Figures {
    from: string;
    to: string;
}

export interface Topology {
    seconds: number;
    chains: number;
    leftOut: number;
    nodes: TopologyNode[];
    edges: TopologyEdge[];
}

export type Keys = Record<string, string[]>;
export type ChainState = "complete" | "failed" | "incomplete" | "waiting" | "stuck";

export interface ChainSummary {
    id: string;
    root: { service: string; name: string };
    startUnixNano: Nanoseconds;
    durationNano: Nanoseconds;
    spans: number;
    services: number;
    errors: number;
    gaps: number;
    inferred: number;
    keys: Keys;
    decided: boolean;
    state?: ChainState;
    verdict?: string;
}

export interface ChainList {
    chains: ChainSummary[];
    cutOff: boolean;
}

export interface ChainRow {
    depth: number;
    join: "root" | "parent" | "link" | "gap" | "cycle" | "offset" | "record" | "queue";
    spanId?: string;
    parentSpanId?: string;
    traceId?: string;
    originalTraceId?: string;
    service?: string;
    peer?: string;
    name?: string;
    kind?: "internal" | "server" | "client" | "producer" | "consumer";
    topic?: string;
    offsetNano?: Nanoseconds;
    durationNano?: Nanoseconds;
    status?: string;
    error?: boolean;
    skewed?: boolean;
    inferred?: { source: string; confidence: number };
}

export interface Finding {
    row: number;
    kind?: string;
    text: string;
    attempts?: number;
    source?: string;
    confidence?: number;
}

export interface Chain {
    traceId: string;
    linkedTraces?: string[];
    startTimeUnixNano: Nanoseconds;
    durationNano: Nanoseconds;
    services: number;
    spans: number;
    errors: number;
    gaps: number;
    state: ChainState;
    verdict: string;
    keys: Keys;
    criticalPath: { row: number; offsetNano: Nanoseconds; durationNano: Nanoseconds }[];
    queueNano: Nanoseconds;
    queues: { topic: string; count: number; totalNano: Nanoseconds; longestNano: Nanoseconds }[];
    serviceTimes: { service: string; spans: number; errors: number; criticalNano: Nanoseconds; ownNano: Nanoseconds }[];
    retries: Finding[];
    refusals: Finding[];
    timeouts: Finding[];
    errorOrigins: Finding[];
    inferred: Finding[];
    missing: Finding[];
    faults: Finding[];
    findingsLeftOut?: number;
    rows: ChainRow[];
}

export interface FlowChart {
    nodes: { id: string; kind: string; label: string; note?: string; bad?: boolean }[];
    edges: { from: string; to: string; label?: string; kind?: string; bad?: boolean; critical?: boolean }[];
    leftOut?: string;
}

export interface History {
    slotNano: Nanoseconds;
    firstUnixNano: Nanoseconds;
    services: { name: string; count: number[]; errors: number[]; p95Nano: (Nanoseconds | number | null)[] }[];
    chains: number[];
    faults: number[];
}

export type Verdict = "healthy" | "degraded" | "unhealthy" | "unknown" | "starting" | "stopping";

export interface PolicyState {
    policy: string;
    rule?: string;
    kind?: string;
    mode?: "enforce" | "shadow" | "disabled";
    target?: string;
    state?: string;
    why?: string;
    sinceUnixNano?: Nanoseconds;
    level?: number;
    allowed?: number;
    refused?: number;
    delayed?: number;
}

export interface Rates {
    perSecond?: number;
    errorsPerSecond?: number;
    p50Nano?: Nanoseconds;
    p99Nano?: Nanoseconds;
}

export interface Sidecar {
    id: string;
    service?: string;
    instance?: string;
    version?: string;
    startedUnixNano?: Nanoseconds;
    ageNano?: Nanoseconds;
    state?: "fresh" | "stale" | "gone" | "stopped";
    pushes?: number;
    health?: { verdict?: Verdict; sinceUnixNano?: Nanoseconds; reasons?: string[] };
    dependencies?: { name: string; kind?: string; endpoint?: string; verdict?: "up" | "down" | "ejected" | "unknown"; reason?: string }[];
    leftOut?: number;
    policies?: PolicyState[];
    rates?: Partial<Record<"inbound" | "outbound" | "produce" | "consume", Rates>>;
}

export interface Sidecars {
    nowUnixNano: Nanoseconds;
    sidecars: Sidecar[];
    leftOut?: number;
}

export interface FlowStep {
    name: string;
    /** It undoes a run that failed. */
    compensates?: boolean;
    withinNano?: Nanoseconds;
    reached: number;
    waiting: number;
    p50Nano?: Nanoseconds;
    p95Nano?: Nanoseconds;
    faults?: Record<string, number>;
}

export interface FlowFault {
    kind: string;
    step: string;
    run: string;
    chain?: string;
    atUnixNano?: Nanoseconds;
    deadlineUnixNano?: Nanoseconds;
    toldUnixNano?: Nanoseconds;
    text: string;
    open?: boolean;
    retracted?: boolean;
}

export interface Flow {
    name: string;
    description?: string;
    expect: string;
    by?: string;
    running: number;
    completed: number;
    compensated: number;
    faulty: number;
    steps: FlowStep[];
    recent: FlowFault[];
}

export interface Flows {
    flows: Flow[];
}
