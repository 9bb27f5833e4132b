import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "light" | "dark";

const remembered = "outrider.theme";
const themes: Theme[] = ["system", "light", "dark"];
const signs: Record<Theme, string> = { system: "◐", light: "☀", dark: "☾" };

function stored(): Theme {
    try {
        const value = localStorage.getItem(remembered) as Theme;
        return themes.includes(value) ? value : "system";
    } catch {
        return "system"; // storage may be forbidden
    }
}

function use(theme: Theme): void {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
        localStorage.setItem(remembered, theme);
    } catch {
        // then it holds until the page is left
    }
    dispatchEvent(new Event("themechange"));
}

export function useStoredTheme(): void {
    use(stored());
}

/** Counts changes of the colours, for what is drawn on a canvas. */
export function useColours(): number {
    const [version, setVersion] = useState(0);
    useEffect(() => {
        const changed = () => setVersion((n) => n + 1);
        const system = matchMedia("(prefers-color-scheme: dark)");
        system.addEventListener("change", changed);
        addEventListener("themechange", changed);
        return () => {
            system.removeEventListener("change", changed);
            removeEventListener("themechange", changed);
        };
    }, []);
    return version;
}

export function ThemeSwitch() {
    const [theme, setTheme] = useState<Theme>(stored());
    const after = (of: Theme) => themes[(themes.indexOf(of) + 1) % themes.length]!;
    const change = () =>
        setTheme((of) => {
            use(after(of));
            return after(of);
        });
    return (
        <button class="icon" id="theme" onClick={change} aria-label={`Colours: ${theme}. Change to ${after(theme)}`} title={`Colours: ${theme}`}>
            <span aria-hidden="true">{signs[theme]}</span>
        </button>
    );
}
