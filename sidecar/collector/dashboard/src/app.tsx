import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ChainPage } from "./chain/page";
import { ChainsPage } from "./chains/page";
import { FlowsPage } from "./flows/page";
import { gathered, problemsOf } from "./problems";
import type { ChainList, Flows, Sidecars } from "./shared/api";
import { age, clock } from "./shared/format";
import { useConnection, useNow, usePolled } from "./shared/poll";
import { useNarrow } from "./shared/pieces";
import { link, useRoute } from "./shared/router";
import { Foreign } from "./shared/text";
import { ThemeSwitch } from "./shared/theme";
import { SidecarsPage } from "./sidecars/page";
import { TopologyPage } from "./topology/page";

const views = [["topology", "Topology"], ["chains", "Chains"], ["sidecars", "Sidecars"], ["flows", "Flows"]] as const;
const mostStuck = 20, mostShown = 5, mostShownNarrow = 2, stuckWindowMinutes = 15;

function Navigation({ at }: { at: string }) {
    return (
        <nav aria-label="Views">
            {views.map(([key, name]) => (
                <a key={key} href={link([key])} aria-current={at === key || (key === "chains" && at === "chain") ? "page" : undefined}>{name}</a>
            ))}
        </nav>
    );
}

function ConnectionState() {
    const { lost } = useConnection();
    return <span class="live"><span class={`dot ${lost ? "bad" : "good"}`} aria-hidden="true" /><span class="wide">{lost ? "no answer" : "live"}</span></span>;
}

/** That nobody answers, and how old what is shown has become by that. */
function Lost() {
    const { lost, lastAnswer } = useConnection();
    const now = useNow();
    if (!lost) return null;
    return (
        <p class="lost" role="alert">
            {lastAnswer === 0 ? "No answer from the collector." : <>No answer from the collector for <span aria-live="off">{age((now - lastAnswer) * 1e6)}</span>. What is shown is of {clock(lastAnswer * 1e6)}.</>}
        </p>
    );
}

/** What is wrong right now, in one line that links on. */
function Overview() {
    const now = useNow();
    const since = Math.floor(now / 60_000 - stuckWindowMinutes) * 60_000_000;
    const stuck = usePolled<ChainList>(`/api/chains?stuck=true&limit=${mostStuck}&start=${since}`, 6000);
    const sidecars = usePolled<Sidecars>("/api/sidecars");
    const flows = usePolled<Flows>("/api/flows");
    const [all, setAll] = useState(false);
    const problems = gathered(problemsOf(stuck.data, sidecars.data, flows.data, mostStuck));
    const known = stuck.data ?? sidecars.data ?? flows.data;
    const most = useNarrow() ? mostShownNarrow : mostShown;
    const left = problems.length - most;
    return (
        <section class="overview" aria-label="What is wrong right now" aria-live="polite">
            {problems.length === 0 && <p class="calm">{known ? <><span class="dot good" aria-hidden="true" /> Nothing is known to be wrong</> : "Asking the collector …"}</p>}
            {problems.slice(0, all ? undefined : most).map((each) => (
                <a key={each.text + each.about} class={`problem ${each.tone}`} href={each.to}>
                    {each.text}{each.about !== undefined && <> <Foreign text={each.about} limit={48} /></>}
                    {each.times > 1 && <span class="times"> ×{each.times}</span>}
                </a>
            ))}
            {left > 0 && <button class="problem more" onClick={() => setAll(!all)} aria-expanded={all}>{all ? "fewer" : `${left} more`}</button>}
        </section>
    );
}

/** A view that failed says so; the rest of the page goes on. */
class Guarded extends Component<{ children: ComponentChildren }, { failed?: string }> {
    state: { failed?: string } = {};
    componentDidCatch(error: unknown) {
        this.setState({ failed: error instanceof Error ? error.message : String(error) });
    }
    render() {
        if (this.state.failed === undefined) return this.props.children;
        return <section class="page" role="alert"><h1>This view failed</h1><p class="empty"><Foreign text={this.state.failed} limit={400} /></p></section>;
    }
}

function View({ path }: { path: string[] }) {
    switch (path[0]) {
        case "topology": return <TopologyPage />;
        case "chains": return <ChainsPage />;
        case "chain": return <ChainPage key={path[1]} id={path[1] ?? ""} />;
        case "sidecars": return <SidecarsPage />;
        case "flows": return <FlowsPage path={path.slice(1)} />;
        default: return <section class="page"><h1>Nothing is here</h1><p class="empty">Go to the <a href={link(["topology"])}>topology</a>.</p></section>;
    }
}

export function App() {
    const { path } = useRoute();
    const main = useRef<HTMLElement>(null);
    const first = useRef(true);
    const where = path.join("/");
    // Whoever follows a link continues reading there, and not before the navigation again.
    useEffect(() => {
        if (!first.current) main.current?.focus({ preventScroll: true });
        if (!first.current) scrollTo(0, 0);
        first.current = false;
        document.title = `${views.find(([key]) => key === path[0])?.[1] ?? (path[0] === "chain" ? "Chain" : "Outrider")} · Outrider`;
    }, [where]);
    const skip = (event: Event) => {
        event.preventDefault();
        main.current?.focus();
    };
    return (
        <>
            <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
            <header class="bar">
                <a class="brand" href={link(["topology"])} aria-label="Outrider, topology"><img src="/assets/icon.svg" width="22" height="22" alt="" /><span class="wide">Outrider</span></a>
                <Navigation at={path[0]!} />
                <span class="room" />
                <ConnectionState />
                <ThemeSwitch />
            </header>
            <Lost />
            <Overview />
            <main id="main" tabIndex={-1} ref={main}><Guarded key={where}><View path={path} /></Guarded></main>
        </>
    );
}
