/*
 * The one error idiom. A function that can fail returns enum budget_status; the text is set once, where the
 * fault is detected, with `return budget_fail(ctx, …)`; everyone above says BUDGET_TRY(call).
 * One table (error.c) maps a status to HTTP, CLI exit code and log level: no handler writes a number.
 * Library code never logs, never exits, never prints.
 */
#ifndef BUDGET_LIB_ERROR_H
#define BUDGET_LIB_ERROR_H

struct budget_ctx;

enum budget_status {
	BUDGET_OK = 0,
	BUDGET_ESYNTAX = -1,       /* not JSON, not a request we can read            400 */
	BUDGET_EINVALID = -2,      /* readable, but a value is not allowed           422 */
	BUDGET_EAUTH = -3,         /* no key, or a key we do not know                401 */
	BUDGET_EFORBIDDEN = -4,    /* the key's role does not reach this far         403 */
	BUDGET_ENOTFOUND = -5,     /* no such thing, or a malformed id               404 */
	BUDGET_EMETHOD = -6,       /* the path exists, the method does not           405 */
	BUDGET_ECONFLICT = -7,     /* twin exists, or the twin still runs            409 */
	BUDGET_EPRECONDITION = -8, /* If-Match names another version                 412 */
	BUDGET_ETOOLARGE = -9,     /* body, batch or arena above its limit           413 */
	BUDGET_EMEDIA = -10,       /* content type we do not read                    415 */
	BUDGET_EDENIED = -11,      /* a policy refuses                               402 */
	BUDGET_EBUSY = -12,        /* database away or full queue: retry, same id    503 */
	BUDGET_EUPSTREAM = -13,    /* a foreign server failed us                     502 */
	BUDGET_EBUG = -14          /* our own fault; details only in the log         500 */
};

/** What went wrong, in words for the client. All strings live in the context's arena or are literals. */
struct budget_error {
	enum budget_status status;
	const char *code;     /* stable, snake_case, e.g. "budget_not_found" */
	const char *pointer;  /* JSON pointer of the field ("/items/3/model"), query key ("?limit"), or "" */
	const char *detail;   /* one sentence for a person: what is wrong and what to do next */
	const char *extra;    /* JSON object text with more members for the problem document, or NULL */
	const char *internal; /* for the log only (SQLSTATE, server text), or NULL; never sent */
	int http_status;      /* 0 = by the status table; set when SQL names a finer one (428 …) */
};

#define BUDGET_TRY(call)                                   \
	do {                                                   \
		enum budget_status try_status_ = (call);           \
		if (try_status_ != BUDGET_OK)                      \
			return try_status_;                            \
	} while (0)

/**
 * Sets ctx->error and returns `status`, so that a caller writes `return budget_fail(…)`.
 * @param code     stable code, a literal
 * @param pointer  JSON pointer of the field, copied into the arena; NULL = none
 * @param format   printf text of the detail, for people; never an internal text
 */
enum budget_status budget_fail(struct budget_ctx *ctx, enum budget_status status, const char *code,
    const char *pointer, const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The arena is full: BUDGET_ETOOLARGE, code too_large. `if (text == NULL) return budget_fail_memory(ctx);` */
enum budget_status budget_fail_memory(struct budget_ctx *ctx);

/** HTTP status of an error status: the table of error.c. */
int budget_status_http(enum budget_status status);

/** Exit code of the CLI and of jobs (sysexits): the same table. */
int budget_status_exit(enum budget_status status);

/** Title of the problem document ("Not found"): the same table. */
const char *budget_status_title(enum budget_status status);

/** The status whose HTTP number this is; other numbers: BUDGET_EBUG from 500 on, else BUDGET_EINVALID. */
enum budget_status budget_status_of_http(int http_status);

#endif
