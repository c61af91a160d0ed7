/** Entry of verify.html: a document of its own, because gpu.js compiles at run time, which the app's policy forbids. */
import { render } from "preact";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/widgets.css";
import "../styles/shell.css";
import "../styles/profile.css";
import "./verify.css";
import { tellTerminal } from "./for-terminal";
import { VerifyPage } from "./page";
import { VerifyState } from "./state";

const root = document.querySelector("#app");
if (root === null) throw new Error('verify.html has no element with the id "app"');

const params = new URLSearchParams(location.search);
const state = new VerifyState({
  only: params.get("only") ?? "",
  hasBaseline: params.get("baseline") !== "0",
  hasAllStyles: params.get("styles") === "all",
});
render(<VerifyPage state={state} />, root);
// The terminal asks for a run by the address, and is told how it goes.
if (params.get("run") === "1") void tellTerminal(state);
