// The way to the server. Paths are made here and never from data; numbers keep the digits they came with.

const KEY = "budget-api-key";
const TIMEOUT_MS = 8000;

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.error ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code;
  }
}

// Whole numbers that a double holds become numbers, all other numbers stay text, digit by digit.
const exact = (key, value, context) =>
  typeof value === "number" && context?.source !== undefined && !Number.isSafeInteger(value) ? context.source : value;

const parse = (text) => (text === "" ? {} : JSON.parse(text, exact));

export const hasKey = () => sessionStorage.getItem(KEY) !== null;
export const setKey = (key) => (key ? sessionStorage.setItem(KEY, key) : sessionStorage.removeItem(KEY));

const call = async (method, path, { accept = [] } = {}) => {
  const headers = { Accept: "application/json" };
  if (hasKey()) headers.Authorization = `Bearer ${sessionStorage.getItem(KEY)}`;
  if (method !== "GET") headers["Content-Type"] = "application/json";
  const response = await fetch(new URL(path, document.baseURI), {
    method, headers, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS),
    body: method === "GET" ? undefined : "{}",
  });
  const text = await response.text();
  let body;
  try {
    body = parse(text);
  } catch {
    throw new ApiError(response.status, { detail: `The server answered ${response.status}, and not in JSON.` });
  }
  if (!response.ok && !accept.includes(response.status)) throw new ApiError(response.status, body);
  return body;
};

export const api = {
  // An ill server says 503 and which part is ill: that is an answer, not a failure.
  health: () => call("GET", "health", { accept: [503] }),
  today: () => call("GET", "api/v1/reports/summary?period=daily"),
  dismissAlert: (id) => call("PUT", `api/v1/alerts/${encodeURIComponent(id)}/dismiss`),
};
