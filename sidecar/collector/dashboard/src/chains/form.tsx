import { useEffect, useRef, useState } from "preact/hooks";
import type { Topology } from "../shared/api";
import { plain } from "../shared/foreign";
import { Choice } from "../shared/pieces";
import { usePolled } from "../shared/poll";
import { adjust } from "../shared/router";
import { type Search, typedDuration } from "./model";

const kinds = [["", "All"], ["error", "Failed"], ["stuck", "Stuck"]] as const;
const windows = [["5m", "5 min"], ["15m", "15 min"], ["1h", "1 h"], ["", "All"]] as const;
const pause = 250; // milliseconds without a key, then it is searched

interface FieldProperties {
    name: keyof Search;
    label: string;
    hint: string;
    value: string;
    list?: string;
    wide?: boolean;
    read?: (text: string) => string;
}

/** A field that stands in the page's address once somebody stops typing. */
function Field({ name, label, hint, value, list, wide, read = (text) => text.trim() }: FieldProperties) {
    const [text, setText] = useState(value);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined), typed = useRef(value);
    useEffect(() => {
        if (value !== typed.current) setText(value);
        typed.current = value;
    }, [value]);
    useEffect(() => () => clearTimeout(timer.current), []);
    const take = (to: string) => {
        clearTimeout(timer.current);
        typed.current = read(to);
        adjust({ [name]: typed.current });
    };
    const changed = (event: Event) => {
        const to = (event.target as HTMLInputElement).value;
        setText(to);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => take(to), pause);
    };
    return (
        <label class={wide ? "field wide-field" : "field"}>
            <span>{label}</span>
            <input type="search" name={name} value={text} placeholder={hint} onInput={changed} onChange={(event) => take((event.target as HTMLInputElement).value)}
                   list={list} autocomplete="off" spellcheck={false} />
        </label>
    );
}

export function SearchForm({ search }: { search: Search }) {
    const topology = usePolled<Topology>("/api/topology?since=15m", 10_000);
    const services = (topology.data?.nodes ?? []).filter((each) => each.kind === "service" && each.name.length < 200).map((each) => each.name);
    return (
        <form class="search" role="search" aria-label="Search chains" onSubmit={(event) => event.preventDefault()}>
            <Field name="q" label="Anything" hint="id, service, operation or value" value={search.q} wide />
            <Field name="key" label="Key" hint="order=4711" value={search.key} />
            <Field name="service" label="Service" hint="orders" value={search.service} list="services" read={(text) => text} />
            <datalist id="services">{services.map((each) => <option key={each} value={each}>{plain(each, 60)}</option>)}</datalist>
            <Field name="minDuration" label="Longer than" hint="200ms" value={search.minDuration} read={typedDuration} />
            <Field name="maxDuration" label="Shorter than" hint="5s" value={search.maxDuration} read={typedDuration} />
            <div class="field"><span>State</span><Choice name="State" options={kinds} value={search.only}
                 onChange={(to) => adjust({ error: to === "error" ? "true" : "", stuck: to === "stuck" ? "true" : "" })} /></div>
            <div class="field"><span>Began within</span><Choice name="Began within" options={windows} value={search.since as "" | "5m" | "15m" | "1h"}
                 onChange={(to) => adjust({ since: to })} /></div>
        </form>
    );
}
