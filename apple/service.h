/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's MDM as a platform of the server: what it is configured with, and what a running one is made of. Private to apple/ but for
 * bsg_apple_new().
 *
 * routes: scep_route.c, checkin_route.c, command_route.c. From the server's words to rows and back: desire.c. Profiles: lock_profile.c,
 * invite.c, fixed.c, rights.c. Waking phones: wake.c, push_keys.c, push_route.c. What an operator must know: health.c.
 */
#ifndef BSG_APPLE_SERVICE_H
#define BSG_APPLE_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include "apple/command.h"
#include "apple/lock.h"
#include "crypto/pushcert.h"
#include "http/push.h"
#include "platform/platform.h"
#include "store/apple.h"

/* Texts outlive the platform. */
struct bsg_apple_options {
	const char *listen, *url;	/* of the plane; url "": from listen */
	bool behind_proxy;
	unsigned n_threads;		/* 0: the plane's default */
	const char *deployment;		/* see bsg_payload_id(); never changes */
	const char *organisation;	/* shown on phones */
	const char *topic;		/* "": that of the push certificate */
	const char *push_certificate, *push_key;	/* PEM files; "": those that were imported, in the state directory */
	const char *push_endpoint;	/* HOST:PORT */
	const char *push_ca;		/* PEM file; "": the system's, for Apple's own names only */
	const char *push_team, *push_key_id, *push_token_key;	/* a token instead of a certificate; "": none */
	bool is_root_public;		/* phones trust our TLS certificate by themselves: no root goes into the profile */
	bool scep_legacy;
	bool sign_profiles;		/* enrolment profiles: CMS instead of plain XML */
};

/* Counted since the start. */
struct bsg_apple_counts {
	_Atomic uint64_t scep_issued, scep_renewed, scep_refused;
	_Atomic uint64_t authenticated, token_updates, checkouts;
	_Atomic uint64_t idles, offered, acknowledged, verified, not_now, errors;
	_Atomic uint64_t refused;	/* requests that were answered 400 */
};

/* A used challenge that was refused, which the audit says: not again before a time of the monotonic clock (A111). */
struct bsg_apple_refusal {
	char device[BSG_ID_SIZE];
	int64_t until_ms;
};
#define BSG_APPLE_REFUSALS 256

struct bsg_apple_wake;

struct bsg_apple {
	struct bsg_platform platform;	/* first */
	struct bsg_apple_options options;
	struct bsg_apple_counts counts;
	pthread_mutex_t lock;		/* of the next four */
	char topic[BSG_PUSH_TOPIC_SIZE];	/* in force; "": not known yet, nobody can be enrolled */
	int64_t push_not_after;		/* of the push certificate; 0: there is none */
	char push_why[256];		/* why there are no pushes; "": there are */
	struct bsg_apple_refusal refusals[BSG_APPLE_REFUSALS];	/* by the device's hash */
	struct bsg_apple_wake *wake;	/* wake.c */
	pthread_mutex_t fixed_lock;	/* while fixed.c compares and writes */
	pthread_mutex_t push_lock;	/* held while what pushes are sent with is exchanged; before `lock` */
};

static inline int64_t bsg_apple_now(const struct bsg_apple *apple)
{
	return bsg_clock_utc(apple->platform.host->clock);
}

/** Apple's phones for a server. @param options  copied, but not its texts. @param out  owned: by bsg_server_start() then */
enum bsg_err bsg_apple_new(const struct bsg_apple_options *options, struct bsg_platform **out, struct bsg_error *err) BSG_MUST_CHECK;

/* routes.c */
extern const struct bsg_http_route bsg_apple_routes[];
extern const size_t bsg_n_apple_routes;
/* The platform of a handler's route. */
struct bsg_apple *bsg_apple_of(struct bsg_http_exchange *x);

/* desire.c: the platform's look, due and deliver. */
enum bsg_err bsg_apple_look(struct bsg_platform *p, const char *device, struct bsg_platform_phone *out, struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_apple_due(struct bsg_platform *p, int64_t now, struct bsg_page *page, struct bsg_platform_due *out,
			   struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_apple_deliver(struct bsg_platform *p, const struct bsg_platform_phone *phone, const struct bsg_platform_step *step,
			       struct bsg_platform_delivery *out, struct bsg_error *err) BSG_MUST_CHECK;

/* invite.c */
enum bsg_err bsg_apple_invite(struct bsg_platform *p, const struct bsg_platform_invitation *invitation,
			      struct bsg_platform_file *out, struct bsg_error *err) BSG_MUST_CHECK;

/* rights.c */
const char *const *bsg_apple_rights(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang, bool not_asked);
const char *const *bsg_apple_steps(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang);

/* fixed.c */
/* Refuse another topic, URL or deployment than those in the profiles that were given out: BSG_E_CONFLICT. */
enum bsg_err bsg_apple_check_fixed(struct bsg_apple *apple, struct bsg_error *err) BSG_MUST_CHECK;
/* The same, before a profile leaves; the first one fixes them, durably. */
enum bsg_err bsg_apple_fix(struct bsg_apple *apple, const char *topic, struct bsg_error *err) BSG_MUST_CHECK;

/* wake.c */
/* Read what pushes are sent with; nothing goes out yet. */
enum bsg_err bsg_apple_wake_start(struct bsg_apple *apple, struct bsg_error *err) BSG_MUST_CHECK;
/* Send what is due from now on. Not before it is known that profiles were given out under this topic (A132). */
enum bsg_err bsg_apple_wake_run(struct bsg_apple *apple, struct bsg_error *err) BSG_MUST_CHECK;
/* Send pushes with these from now on; push_lock is held. @param keys  taken over with BSG_OK. Whether the topic fits is for the caller */
struct bsg_apple_push_keys;
enum bsg_err bsg_apple_wake_use(struct bsg_apple *apple, struct bsg_apple_push_keys *keys, struct bsg_error *err) BSG_MUST_CHECK;
void bsg_apple_wake_stop(struct bsg_apple *apple);
void bsg_apple_wake_free(struct bsg_apple *apple);
/* Pushes may be due now. Never blocks; any thread. */
void bsg_apple_wake_look(struct bsg_apple *apple);
/* Numbers of the sender; zero if there is none. @return whether there is one: then push_why is of its state */
bool bsg_apple_wake_stats(struct bsg_apple *apple, struct bsg_push_stats *out);

/* health.c */
void bsg_apple_metrics(struct bsg_platform *p, struct bsg_buf *out);
size_t bsg_apple_health(struct bsg_platform *p, int64_t now, struct bsg_health_line *out, size_t max);

#endif
