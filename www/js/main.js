// Loads, shows, and looks again: every 10 seconds while somebody can see the page.

import { api, hasKey, setKey } from "./api.js";
import { html, mount } from "./html.js";
import { timeOfDay } from "./format.js";
import { alertsView, failureView, healthView, limitsView, noticeView, todayView } from "./pages/dashboard.js";

const REFRESH_MS = 10000;
const node = (id) => document.getElementById(id);
const state = { health: null, report: null, seenAt: null, failure: null, needsKey: false, isRefused: false };

const WORDS = { healthy: "All parts are well", degraded: "Some parts are not well", unhealthy: "Not working" };

const say = (error) => error.name === "TimeoutError" ? "The server took too long to answer."
  : error instanceof TypeError ? "The server cannot be reached." : error.message;

const headline = () => {
  const known = state.health?.status;
  const word = WORDS[known] ?? "Not reached";
  const sign = { healthy: "ok", degraded: "warning" }[known] ?? "error";
  return html`<span class="budget__badge budget__badge--${sign}">${word}</span>
    ${state.seenAt && html`<span class="budget__updated">updated ${timeOfDay(state.seenAt)}</span>`}`;
};

const render = () => {
  const { health, report, failure } = state;
  const parts = {
    limits: report && limitsView(report), today: report && todayView(state), alerts: report && alertsView(state),
  };
  mount(node("state"), headline());
  mount(node("notice"), noticeView(state));
  mount(node("health"), health ? healthView(state) : failureView("Not known: /health did not answer."));
  for (const [id, view] of Object.entries(parts)) {
    mount(node(id), view ?? failureView(failure || state.needsKey ? "Not known yet." : "Loading …"));
  }
  document.title = report?.alerts.open > 0 ? `(${report.alerts.open}) Budget` : "Budget";
};

// What was known stays on the page when the server goes away; the notice says so and since when.
const refresh = async () => {
  const [health, report] = await Promise.allSettled([api.health(), api.today()]);
  state.health = health.status === "fulfilled" ? health.value : null;
  state.needsKey = report.reason?.status === 401;
  state.isRefused = state.needsKey && hasKey();
  if (report.status === "fulfilled") {
    Object.assign(state, { report: report.value, seenAt: new Date(), failure: null });
  } else {
    const since = state.seenAt ? `The numbers are those of ${timeOfDay(state.seenAt)}. ` : "";
    state.failure = `${say(report.reason)} ${since}Trying again.`;
  }
  render();
};

let timer;
const loop = async () => {
  clearTimeout(timer);
  await refresh();
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(loop, REFRESH_MS);
};

const actions = {
  refresh: () => loop(),
  "dismiss-alert": async (button) => {
    button.disabled = true;
    try {
      await api.dismissAlert(button.dataset.key);
      node("alerts-title").setAttribute("tabindex", "-1");
      node("alerts-title").focus();
    } catch (error) {
      button.disabled = false;
      state.failure = `The alert was not dismissed. ${say(error)}`;
      return render();
    }
    return loop();
  },
};

document.addEventListener("click", (event) => {
  const source = event.target.closest("[data-tekton-action]");
  actions[source?.dataset.tektonAction]?.(source);
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(new FormData(event.target).get("key").trim());
  loop();
});

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : loop()));

loop();
