/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A platform: phones without an agent of ours, which the server drives through their vendor's channel (docs/adr/0006).
 *
 * The server decides and knows no vendor. It asks a platform what is known of a phone (`look`), whose time has come (`due`), how a
 * step is stored and told (`deliver`), and for the file that enrols (`invite`). The platform serves routes of its own and says by its
 * host when a phone has to be stepped or is known to be different now.
 *
 * Only bosagad's main.c (and tests) know which platforms there are. Rules: docs/spec/platform.md.
 */
#ifndef BSG_PLATFORM_PLATFORM_H
#define BSG_PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/decide.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/server.h"
#include "platform/who.h"
#include "policy/coverage.h"
#include "store/ops.h"
#include "store/read.h"
#include "store/store.h"

struct bsg_keyring;
struct bsg_platform;

#define BSG_PLATFORM_URL_SIZE 300
#define BSG_PLATFORM_TROUBLE_SIZE 301
#define BSG_PLATFORM_FILE_MAX (256 * 1024)	/* bytes of the file that enrols */
#define BSG_PLATFORM_APPS_MAX BSG_OUT_APPS_MAX

/* ---- what the server gives a platform -------------------------------- */

/*
 * Lives from `start` until after `free`. The functions never block and may be called from callbacks of the store; what they ask for
 * while the server starts is done once it runs.
 */
struct bsg_platform_host {
	struct bsg_store *store;
	struct bsg_keyring *keyring;
	const struct bsg_coverage *coverage;
	const struct bsg_clock *clock;
	const struct bsg_log *log;
	const char *state_dir;
	const char *people_url;		/* where people find the server; empty before the planes serve */
	/* The phone has to be stepped: it became reachable, or its next moment has moved nearer. */
	void (*step)(const struct bsg_platform_host *host, const char *device);
	/* A fact that its orders depend on has changed: it left. */
	void (*orders)(const struct bsg_platform_host *host, const char *device);
	/* What is known of the phone has changed: gates and watchers look again. */
	void (*changed)(const struct bsg_platform_host *host, const char *device);
	/* How long it took from a crossing to the proof, in seconds; for metrics. @param lift  of a lift, else of a restriction */
	void (*took)(const struct bsg_platform_host *host, const char *device, bool lift, int64_t seconds);
	/*
	 * The apps that the phone's rules block right now. Blocks on the store: not from its callbacks.
	 *
	 * @param apps  BSG_PLATFORM_APPS_MAX of them, each BSG_APP_NAME_MAX + 1 bytes
	 */
	enum bsg_err (*apps)(const struct bsg_platform_host *host, const char *device, char (*apps)[BSG_APP_NAME_MAX + 1],
			     size_t *n_apps, struct bsg_error *err);
	/*
	 * Who calls a route of the platform that concerns everybody, as the audit names them. NULL: an administrator of one unit, who
	 * has been answered. In a handler only; of a caller with a role or on the socket.
	 */
	const char *(*actor)(struct bsg_http_exchange *x);
	void *server;
};

/* ---- what the server hears of a phone -------------------------------- */

/* One phone at one moment. Zero: nothing is known, nothing is restricted. */
struct bsg_platform_phone {
	int64_t version;		/* of what was read: `deliver` stores nothing if it has changed since */
	bool is_reachable;		/* it can be told something */
	bool is_ended;			/* it was told for the last time */
	uint8_t state[BSG_STATE_BYTES_MAX];	/* the decision's, as core encodes it */
	size_t state_len;		/* 0: never stepped */
	int64_t next;

	bool has_desired;		/* something was ever desired */
	uint32_t desired;		/* functions; 0: a lift */
	int64_t desired_until;		/* end of the lease on the phone; 0: none */
	int64_t desired_at;
	int64_t evidence_at;		/* of the crossing, or the like, that it answers; 0: none */

	bool is_offered;		/* the phone was told */
	int64_t offered_at;
	bool is_acknowledged;		/* it says that it did so, which proves nothing */
	int64_t acknowledged_at;
	bool is_reached;		/* and that it is as desired is verified */
	int64_t reached_at;

	uint32_t verified;		/* functions that it restricts for certain while now < verified_until; then: unverified */
	int64_t verified_until;
	int64_t verified_at;

	int64_t locked_since;		/* its screen is locked, so it takes nothing: since then; 0: not */
	char trouble[BSG_PLATFORM_TROUBLE_SIZE];	/* what it answered last instead of obeying; "": nothing */
	int64_t trouble_at;
	bool is_pushed;			/* it is being woken */
	int64_t push_failures;		/* one after another */
	unsigned os_level;		/* as in struct bsg_coverage_phone */
	char model[80];			/* "": not known */
	char kind[BSG_NAME_SIZE];	/* of its enrolment */

	bool is_stuck;			/* it is not as desired, and nothing is on its way: to be told again */
	bool is_certain;		/* it was told to change nothing since what is verified, and was as desired then */
};

/* A phone whose next moment has come. */
struct bsg_platform_due {
	char device[BSG_ID_SIZE];
	int64_t next;
};

/* ---- what the server tells a platform -------------------------------- */

/* A step of the decision, to be stored if the phone is still as it was read. */
struct bsg_platform_step {
	const char *device;
	struct bsg_bytes state;
	int64_t next;			/* 0: not by time */
	int64_t at;
	bool desire;			/* what is desired has changed: the rest counts */
	uint32_t functions;
	const struct bsg_str *apps;	/* with `apps` among the functions */
	size_t n_apps;
	int64_t until;			/* end of the lease on the phone; 0 with no functions */
	int64_t evidence_at;
};

/* The operation that stores a step, and what it points to. Lives until the batch is done. */
struct bsg_platform_delivery {
	struct bsg_op op;
	uint8_t content[BSG_STORE_SHA256_LEN];
	char uuid[BSG_UUID_SIZE];
};

struct bsg_platform_invitation {
	const char *token;		/* as it was given out: the secret */
	const char *kind;
	const char *person;
	enum bsg_http_lang lang;	/* of the person */
	int64_t created;
};

/* A file that a person installs. */
struct bsg_platform_file {
	struct bsg_buf bytes;		/* made by the caller with bsg_buf_init_secret(): a token may be in it */
	const char *type;		/* static: its media type */
	const char *extension;		/* static: without dot */
};

/* ---- health ---------------------------------------------------------- */

enum bsg_health { BSG_HEALTH_OK = 0, BSG_HEALTH_WARNING, BSG_HEALTH_BAD };

struct bsg_health_line {
	const char *name;		/* static, such as `apple-push-certificate` */
	enum bsg_health health;
	char what[240];			/* what was found, English */
	char remedy[240];		/* what to do next; "" with OK */
};

/* ---- a platform ------------------------------------------------------ */

/* Where its phones call. */
struct bsg_platform_plane {
	enum bsg_http_plane plane;	/* a bit of its own */
	const char *name;		/* in metrics: `apple` */
	const char *listen, *given_url;	/* as configured; outlive the platform */
	bool behind_proxy;		/* plain, the certificate in Client-Cert */
	int client_ca;			/* enum bsg_keyring_cert: whose certificates its phones have */
	unsigned n_threads;
	char url[BSG_PLATFORM_URL_SIZE];	/* filled by the server when the plane listens */
};

struct bsg_platform_ops {
	const char *name;		/* for logs */

	/** Begin. The planes do not listen yet. @param host  borrowed */
	enum bsg_err (*start)(struct bsg_platform *p, const struct bsg_platform_host *host, struct bsg_error *err) BSG_MUST_CHECK;
	/** All planes listen and the URLs are known: refuse to go on if they may not be what they are. */
	enum bsg_err (*serve)(struct bsg_platform *p, struct bsg_error *err) BSG_MUST_CHECK;
	/** End all work of its own; no route is called any more, the store still takes operations. */
	void (*stop)(struct bsg_platform *p);
	/** After the store is closed. */
	void (*free)(struct bsg_platform *p);

	/** Whether phones of this kind (`ios-device`) are this platform's. */
	bool (*has_kind)(const struct bsg_platform *p, const char *kind);

	/** Read what is known of a phone. BSG_E_NOT_FOUND: nothing yet, *out is zero. Blocks on the store. */
	enum bsg_err (*look)(struct bsg_platform *p, const char *device, struct bsg_platform_phone *out,
			     struct bsg_error *err) BSG_MUST_CHECK;
	/** List phones whose next moment is not after @now, as bsg_store_apple_due(). */
	enum bsg_err (*due)(struct bsg_platform *p, int64_t now, struct bsg_page *page, struct bsg_platform_due *out,
			    struct bsg_error *err) BSG_MUST_CHECK;
	/**
	 * Make the operation that stores a step, with what the phone is to be told.
	 *
	 * @param phone  as `look` gave it, before the step
	 * @param out    its operation comes to BSG_E_CONFLICT if the phone has changed since: look, step and deliver again
	 */
	enum bsg_err (*deliver)(struct bsg_platform *p, const struct bsg_platform_phone *phone,
				const struct bsg_platform_step *step, struct bsg_platform_delivery *out,
				struct bsg_error *err) BSG_MUST_CHECK;
	/** What `deliver` made is committed, with something to tell: wake the phone. Never blocks. */
	void (*delivered)(struct bsg_platform *p, const char *device);

	/**
	 * Make the file that enrols a phone; the same invitation gives the same bytes.
	 *
	 * @return BSG_E_UNAVAILABLE: not before something is set up, which the text names; BSG_E_CONFLICT: other settings than in files given out
	 */
	enum bsg_err (*invite)(struct bsg_platform *p, const struct bsg_platform_invitation *invitation,
			       struct bsg_platform_file *out, struct bsg_error *err) BSG_MUST_CHECK;
	/** What a person grants, and what not: one line a right, in a language; ended by NULL. Static. */
	const char *const *(*rights)(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang, bool not_asked);
	/** What a person does to install that file: one line a step, as `rights`. */
	const char *const *(*steps)(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang);

	/** Append metrics in Prometheus' text format. */
	void (*metrics)(struct bsg_platform *p, struct bsg_buf *out);
	/** Look at what an operator has to know. @return lines filled, at most @max */
	size_t (*health)(struct bsg_platform *p, int64_t now, struct bsg_health_line *out, size_t max);
	/** Look at the clock now: after a test has moved it. May be NULL. */
	void (*wake)(struct bsg_platform *p);
};

/* The first member of each implementation. Owned by whoever made it until it is handed to bsg_server_start(). */
struct bsg_platform {
	const struct bsg_platform_ops *ops;
	struct bsg_platform_plane plane;
	const struct bsg_http_route *routes;	/* static; a handler's platform is bsg_http_route(x)->user */
	size_t n_routes;
	const struct bsg_platform_host *host;	/* from `start` on */
};

#endif
