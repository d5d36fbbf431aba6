// The dashboard: state in, markup out. No fetching here, no formatting of its own.

import { html } from "../html.js";
import { ago, count, dateTime, money, percent, title, tokens } from "../format.js";

const CARDS_MAX = 12;
const PERIODS = ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "lifetime", "rolling", "per_session",
  "per_task"];
const LEVELS = {
  ok: { text: "", modifier: "" },
  warning: { text: "Warning level", modifier: "--warning" },
  action: { text: "Close to the limit", modifier: "--warning" },
  exceeded: { text: "At or over the limit", modifier: "--danger" },
};

const when = (time) => html`<time datetime="${time}" title="${dateTime(time)}">${ago(time)}</time>`;
const plural = (number, one, many) => (number === 1 ? one : many);

const filtersOf = (limit) => Object.entries(limit.filters ?? {}).filter(([, value]) => value !== null)
  .map(([name, value]) => `${title(name)}: ${value}`);

// <meter> carries the value for those who cannot see the bar; its colour says nothing that the words do not.
const gauge = (limit, label, used, held, size, show, unit = "") => size === null || size === undefined ? null : html`
  <p class="budget__card-amount"><span title="${used}">${show(used)}</span>
    <span class="budget__card-limit">of ${show(size)}${unit}</span></p>
  <meter class="budget__card-progress budget__card-progress-bar${LEVELS[limit.level]?.modifier}" min="0" max="1"
         value="${Number(size) > 0 ? Math.min(1, Number(used) / Number(size)) : 1}"
         aria-label="${label}: ${show(used)} of ${show(size)}${unit}"></meter>
  ${Number(held) > 0 && html`<p class="budget__card-held">${show(held)}${unit} held by running calls</p>`}`;

const card = (limit) => {
  const level = LEVELS[limit.level] ?? LEVELS.ok;
  const cost = (amount) => money(amount, limit.currency);
  const what = `${title(limit.period)} ${limit.cost_limit === null ? "tokens" : "spend"}`;
  return html`
  <li class="budget__card ${level.modifier && `budget__card${level.modifier}`}" data-tekton-card="${limit.period}">
    <div class="budget__card-header">
      <h3 class="budget__card-title">${what}</h3>
      <span class="budget__card-period">${limit.budget_name}${limit.scope && html` · ${limit.scope}`}</span>
    </div>
    ${filtersOf(limit).length > 0 && html`<p class="budget__card-filters">${filtersOf(limit).join(", ")}</p>`}
    ${gauge(limit, `${title(limit.period)} spend`, limit.cost_used, limit.cost_held, limit.cost_limit, cost)}
    ${gauge(limit, `${title(limit.period)} tokens`, limit.tokens_used, limit.tokens_held, limit.token_limit, tokens,
      " tokens")}
    <p class="budget__card-footer">
      <span>${percent(limit.usage_percentage)} used${level.text && html` · <strong>${level.text}</strong>`}</span>
      <span>${limit.resets_at && html`resets ${when(limit.resets_at)}`}</span>
    </p>
  </li>`;
};

// A card keeps its place while it fills: unfiltered limits first, then by period and name.
const place = (limit) => [filtersOf(limit).length > 0 ? 1 : 0, String(PERIODS.indexOf(limit.period)).padStart(2, "0"),
  limit.budget_name, limit.policy_id, limit.scope ?? ""].join("\t");

export const limitsView = ({ limits }) => {
  if (limits.length === 0) {
    return html`<p class="budget__empty-state">No limit is set. <code>budget set-limit daily 5</code> makes one.</p>`;
  }
  const cards = limits.slice(0, CARDS_MAX).sort((a, b) => place(a).localeCompare(place(b)));
  return html`<ul class="budget__cards">${cards.map(card)}</ul>
    ${limits.length > CARDS_MAX && html`<p class="budget__hint">The ${CARDS_MAX} fullest of ${limits.length} limits.
      <a href="api/v1/limits?limit=1000">All of them</a></p>`}`;
};

const change = (report) => {
  const before = report.comparison;
  if (!before || (Number(before.cost) === 0 && Number(report.totals.cost) === 0)) return null;
  return html`<p class="budget__hint">${money(before.cost, report.currency)} by this time yesterday</p>`;
};

const unpriced = (report) => report.unpriced.count > 0 && html`
  <p class="budget__notice budget__notice--warning"><strong>${count(report.unpriced.count)}</strong>
    ${plural(report.unpriced.count, "call has no price yet. It counts", "calls have no price yet. They count")} as
    ${money(report.unpriced.ceiling_cost, report.currency)} against the limits until
    ${plural(report.unpriced.count, "it has one", "they have one")}.
    <a href="api/v1/usage/records?priced=false">Which</a></p>`;

// What has no price is never shown as free.
const lineCost = (line, currency) => line.unpriced_count === 0 ? money(line.cost, currency)
  : line.unpriced_count === line.count ? "no price"
  : `${money(line.cost, currency)} + ${count(line.unpriced_count)} unpriced`;

const topTable = (report) => html`
  <table class="budget__table">
    <caption class="budget__caption">By model</caption>
    <thead><tr><th scope="col">Model</th><th scope="col" class="budget__number">Calls</th>
      <th scope="col" class="budget__number">Tokens</th><th scope="col" class="budget__number">Cost</th></tr></thead>
    <tbody>${report.top.model.map((line) => html`
      <tr><th scope="row">${line.name}</th><td class="budget__number">${count(line.count)}</td>
        <td class="budget__number">${tokens(line.total_tokens)}</td>
        <td class="budget__number" title="${line.cost}">${lineCost(line, report.currency)}</td></tr>`)}</tbody>
  </table>`;

const FIRST_RECORD = ["budget record --component demo --provider anthropic \\",
  "  --model claude-sonnet-4 --input-tokens 1000 --output-tokens 200"].join("\n");

const firstSteps = html`
  <div class="budget__empty-state">
    <p>Nothing was recorded today. A first record:</p>
    <pre class="budget__code" tabindex="0"><code>${FIRST_RECORD}</code></pre>
  </div>`;

export const todayView = ({ report }) => html`
  <p class="budget__amount" title="${report.totals.cost}">${money(report.totals.cost, report.currency)}</p>
  <p>${count(report.totals.count)} ${plural(report.totals.count, "call", "calls")},
    ${tokens(report.totals.total_tokens)} tokens</p>
  ${change(report)}
  ${unpriced(report)}
  ${report.totals.count > 0 ? topTable(report) : firstSteps}
  <p class="budget__hint">Days of ${report.time_zone}, amounts in ${report.currency}.</p>`;

const SIGNS = { error: "!", warning: "!", info: "i" };

const alert = (item) => html`
  <li class="budget__alert budget__alert--${item.severity}">
    <span class="budget__alert-icon budget__alert-icon--${item.severity}"
          aria-hidden="true">${SIGNS[item.severity]}</span>
    <div class="budget__alert-body">
      <p class="budget__alert-title">
        <span class="budget__badge budget__badge--${item.severity}">${title(item.severity)}</span>
        ${title(item.type)}</p>
      <p class="budget__alert-description">${item.message}${item.count > 1 && html` (${count(item.count)} times)`}</p>
      <p class="budget__hint">${when(item.timestamp)}${
        item.resolved && " · resolved: its period is over or its limit changed"}</p>
    </div>
    <button class="budget__button" type="button" data-tekton-action="dismiss-alert" data-tekton-action-type="secondary"
            data-key="${item.alert_id}" aria-label="Dismiss: ${item.message}">Dismiss</button>
  </li>`;

export const alertsView = ({ report }) => {
  const { open, items } = report.alerts;
  if (items.length === 0) return html`<p class="budget__empty-state">No open alerts.</p>`;
  return html`<ul class="budget__alert-list">${items.map(alert)}</ul>
    ${open > items.length && html`<p class="budget__hint">The newest ${items.length} of ${count(open)}.
      <a href="api/v1/alerts?acknowledged=false">All of them</a></p>`}`;
};

const WELL = ["ok", "healthy", "up", "pass"];

const check = ([name, value]) => {
  const state = typeof value === "object" && value !== null ? value.status ?? "unknown" : String(value);
  const detail = typeof value === "object" && value !== null ? value.detail ?? value.message : undefined;
  const sign = WELL.includes(state) ? "ok" : ["degraded", "warning", "unknown"].includes(state) ? "warning" : "error";
  return html`<li class="budget__check"><span class="budget__badge budget__badge--${sign}">${title(state)}</span>
    <span>${title(name)}${detail && html`<span class="budget__hint"> ${detail}</span>`}</span></li>`;
};

export const healthView = ({ health }) => html`
  <ul class="budget__checks">${Object.entries(health.checks ?? {}).map(check)}</ul>
  <p class="budget__hint">Version ${health.version ?? "unknown"}</p>`;

export const failureView = (text) => html`<p class="budget__empty-state">${text}</p>`;

export const noticeView = ({ failure, needsKey, isRefused }) => html`${needsKey ? html`
  <form class="budget__notice budget__notice--warning" data-tekton-form="api-key">
    <label for="api-key">${isRefused && html`<strong>That key is not accepted.</strong> `}
      This server asks for an API key. It is kept in this tab only.</label>
    <span class="budget__form-row"><input class="budget__input" id="api-key" name="key" type="password" required
      autocomplete="off" data-key="api-key" spellcheck="false"><button
      class="budget__button budget__button--primary" type="submit" data-tekton-action="save-key" data-tekton-action-type="primary">Use it</button></span>
  </form>` : failure && html`<p class="budget__notice budget__notice--error">${failure}</p>`}`;
