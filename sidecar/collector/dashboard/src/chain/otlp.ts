import { nano } from "../shared/format";

/** OTLP/JSON of one chain, read span by span: what the details of a span show. */

interface AnyValue {
    stringValue?: string;
    boolValue?: boolean;
    intValue?: string | number;
    doubleValue?: number;
    bytesValue?: string;
    arrayValue?: { values?: AnyValue[] };
    kvlistValue?: { values?: KeyValue[] };
}

interface KeyValue {
    key: string;
    value?: AnyValue;
}

interface OtlpSpan {
    traceId?: string;
    spanId?: string;
    attributes?: KeyValue[];
    events?: { timeUnixNano?: string; name?: string; attributes?: KeyValue[] }[];
    links?: { traceId?: string; spanId?: string; attributes?: KeyValue[] }[];
    status?: { message?: string };
    startTimeUnixNano?: string;
}

export interface Otlp {
    resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { spans?: OtlpSpan[] }[] }[];
}

export type Attributes = [string, string][];

export interface SpanDetails {
    attributes: Attributes;
    resource: Attributes;
    events: { at: number; name: string; attributes: Attributes }[];
    links: { traceId: string; spanId: string; attributes: Attributes }[];
    message: string;
    originalTrace: string;
}

const deepest = 8;

export function valueText(value: AnyValue | undefined, depth = 0): string {
    if (!value) return "";
    if (depth > deepest) return "…";
    if (value.stringValue !== undefined) return String(value.stringValue);
    if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map((each) => valueText(each, depth + 1)).join(", ")}]`;
    if (value.kvlistValue) return `{${(value.kvlistValue.values ?? []).map((each) => `${each.key}: ${valueText(each.value, depth + 1)}`).join(", ")}}`;
    return String(value.intValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue ?? "");
}

const read = (attributes: KeyValue[] | undefined): Attributes => (attributes ?? []).map((each) => [each.key, valueText(each.value)]);

const originalTrace = "chain.original_trace_id";

function detailsOf(span: OtlpSpan, resource: Attributes): SpanDetails {
    const attributes = read(span.attributes);
    return {
        attributes, resource,
        events: (span.events ?? []).map((each) => ({ at: nano(each.timeUnixNano), name: each.name ?? "", attributes: read(each.attributes) })),
        links: (span.links ?? []).map((each) => ({ traceId: each.traceId ?? "", spanId: each.spanId ?? "", attributes: read(each.attributes) })),
        message: span.status?.message ?? "",
        originalTrace: attributes.find(([key]) => key === originalTrace)?.[1] ?? span.traceId ?? "",
    };
}

/** The spans of a chain by their ids. */
export function spansOf(otlp: Otlp): Map<string, SpanDetails> {
    const out = new Map<string, SpanDetails>();
    for (const { resource, scopeSpans } of otlp.resourceSpans ?? []) {
        const own = read(resource?.attributes);
        for (const { spans } of scopeSpans ?? [])
            for (const span of spans ?? []) out.set(span.spanId ?? "", detailsOf(span, own));
    }
    return out;
}

/** The traces that the spans came in, with how many came in each. */
export function originalTraces(spans: Map<string, SpanDetails>): [string, number][] {
    const out = new Map<string, number>();
    for (const { originalTrace: each } of spans.values()) if (each) out.set(each, (out.get(each) ?? 0) + 1);
    return [...out].sort((a, b) => b[1] - a[1]);
}
