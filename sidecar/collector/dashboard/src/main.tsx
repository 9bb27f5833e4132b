import { render } from "preact";
import { App } from "./app";
import { useStoredTheme } from "./shared/theme";
import "uplot/dist/uPlot.min.css";
import "./style/main.css";

useStoredTheme();
render(<App />, document.getElementById("page")!);
