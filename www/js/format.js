// How values look to people. Amounts come as exact decimal text and are rounded here, for the eye only.

const number = (options) => new Intl.NumberFormat(undefined, options);
const whole = number({ maximumFractionDigits: 0 });
const short = number({ notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

// Cents from one cent on; below it three significant digits, so that a small amount never looks like none.
export const money = (amount, currency) => {
  if (amount === null || amount === undefined) return "–";
  const size = Math.abs(Number(amount));
  const digits = size > 0 && size < 0.01
    ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return number({ style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits }).format(amount);
};

export const count = (value) => whole.format(value ?? 0);
export const tokens = (value) => (Number(value ?? 0) < 100000 ? whole : short).format(value ?? 0);

// A fraction as a percentage; never 100 % before it is there, never 0 % when there is something.
export const percent = (fraction) => {
  if (fraction === null || fraction === undefined) return "";
  const value = Number(fraction) * 100;
  if (value > 0 && value < 1) return "< 1 %";
  return `${whole.format(value < 100 ? Math.floor(value) : value)} %`;
};

export const timeOfDay = (date) => clock.format(date);
export const dateTime = (text) => stamp.format(new Date(text));

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

// "5 hours ago", "in 2 days"; within a minute "now".
export const ago = (text, now = Date.now()) => {
  const seconds = (new Date(text).getTime() - now) / 1000;
  const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : "now";
};

export const title = (word) => {
  const text = String(word).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};
