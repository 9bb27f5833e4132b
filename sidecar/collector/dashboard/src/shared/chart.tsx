import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock } from "./format";
import { useColours } from "./theme";

export interface Series {
    name: string;
    values: (number | null)[];
    /** A colour of the style sheet: --accent, --bad, ... */
    colour: string;
    filled?: boolean;
}

interface Properties {
    name: string;
    /** Unix time in seconds. */
    times: number[];
    series: Series[];
    write: (value: number) => string;
    height?: number;
}

const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsFor({ series, write, height = 110 }: Properties, width: number): uPlot.Options {
    const axis = { stroke: colourOf("--quiet"), font: "11px system-ui, sans-serif", grid: { stroke: colourOf("--line"), width: 1 }, ticks: { show: false } };
    return {
        width, height, legend: { show: false }, cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false } }, padding: [6, 4, 0, 0],
        scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1e-9)] } },
        axes: [{ ...axis, size: 22, space: 70, values: (_, all) => all.map((each) => clock(each * 1e9).slice(0, 5)) },
               { ...axis, size: 58, space: 30, values: (_, all) => all.map(write) }],
        series: [{}, ...series.map((each) => ({ label: each.name, stroke: colourOf(each.colour), width: 1.5, points: { show: false }, spanGaps: false,
                                               fill: each.filled ? `${colourOf(each.colour)}22` : undefined }))],
    };
}

/** Lines over time, with what they come to in words. */
export function Chart(properties: Properties) {
    const place = useRef<HTMLDivElement>(null), plot = useRef<uPlot | undefined>(undefined);
    const { name, times, series, write, height = 110 } = properties;
    const colours = useColours();
    const data = [times, ...series.map((each) => each.values)] as uPlot.AlignedData;
    const shape = series.map((each) => each.name + each.colour).join("\n");
    useEffect(() => {
        const at = place.current!;
        const made = (plot.current = new uPlot(optionsFor(properties, Math.max(80, at.clientWidth)), data, at));
        const resized = new ResizeObserver(() => made.setSize({ width: Math.max(80, at.clientWidth), height }));
        resized.observe(at);
        return () => {
            resized.disconnect();
            made.destroy();
            plot.current = undefined;
        };
    }, [shape, colours, height]);
    useEffect(() => plot.current?.setData(data), [times, ...series.map((each) => each.values)]);
    const last = series.map((each) => [each, each.values[each.values.length - 1] ?? 0] as const);
    return (
        <figure class="chart">
            <figcaption>{name}
                {last.map(([each, value]) => <span key={each.name} class="legend"><span class="line" style={{ background: `var(${each.colour})` }} aria-hidden="true" />{each.name} <b>{write(value)}</b></span>)}
            </figcaption>
            <div ref={place} role="img" aria-label={`${name} over time; last ${last.map(([each, value]) => `${each.name} ${write(value)}`).join(", ")}`} />
        </figure>
    );
}
