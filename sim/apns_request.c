/* SPDX-License-Identifier: Apache-2.0 */
/* What the stand-in APNs says to a request: Apple's table of errors, unless it was told to differ; and its record. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "sim/apns_internal.h"

#define CONTROL_MAX 4096

/* The request, taken apart. */
struct facts {
	char token[BSG_SIM_TOKEN_SIZE];
	char magic[BSG_SIM_APNS_TEXT];
	int64_t expiration, priority;
};

static const struct text_member { const char *name; size_t offset; size_t size; } text_members[] = {
	{ "reason", offsetof(struct bsg_sim_behaviour, reason), sizeof(((struct bsg_sim_behaviour *)0)->reason) },
	{ "token", offsetof(struct bsg_sim_behaviour, token), sizeof(((struct bsg_sim_behaviour *)0)->token) },
};
static const struct number_member { const char *name; size_t offset; int is_wide; } number_members[] = {
	{ "status", offsetof(struct bsg_sim_behaviour, status), 0 },
	{ "timestamp_ms", offsetof(struct bsg_sim_behaviour, timestamp_ms), 1 },
	{ "retry_after_s", offsetof(struct bsg_sim_behaviour, retry_after_s), 1 },
	{ "delay_ms", offsetof(struct bsg_sim_behaviour, delay_ms), 0 },
	{ "goaway_after", offsetof(struct bsg_sim_behaviour, goaway_after), 0 },
	{ "times", offsetof(struct bsg_sim_behaviour, times), 0 },
};
static const struct flag_member { const char *name; size_t offset; } flag_members[] = {
	{ "is_silent", offsetof(struct bsg_sim_behaviour, is_silent) },
	{ "drops", offsetof(struct bsg_sim_behaviour, drops) },
	{ "resets", offsetof(struct bsg_sim_behaviour, resets) },
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

static bool take_text(struct bsg_sim_behaviour *b, const char *name, const json_t *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-";
	const char *text = json_string_value(value);

	for (size_t i = 0; text != NULL && i < N(text_members); i++) {
		const struct text_member *m = &text_members[i];

		if (strcmp(m->name, name) == 0 && strlen(text) < m->size && text[strspn(text, plain)] == '\0') {
			memcpy((char *)b + m->offset, text, strlen(text) + 1);
			return true;
		}
	}
	return false;
}

static bool take_number(struct bsg_sim_behaviour *b, const char *name, json_int_t value)
{
	for (size_t i = 0; value >= 0 && i < N(number_members); i++) {
		const struct number_member *m = &number_members[i];

		if (strcmp(m->name, name) != 0)
			continue;
		if (m->is_wide)
			*(int64_t *)(void *)((char *)b + m->offset) = value;
		else if (value <= 1000000)
			*(unsigned *)(void *)((char *)b + m->offset) = (unsigned)value;
		else
			return false;
		return true;
	}
	return false;
}

static bool take_flag(struct bsg_sim_behaviour *b, const char *name, bool value)
{
	for (size_t i = 0; i < N(flag_members); i++) {
		if (strcmp(flag_members[i].name, name) == 0) {
			*(bool *)((char *)b + flag_members[i].offset) = value;
			return true;
		}
	}
	return false;
}

static bool take_member(struct bsg_sim_behaviour *b, const char *name, const json_t *value)
{
	if (json_is_string(value))
		return take_text(b, name, value);
	if (json_is_integer(value))
		return take_number(b, name, json_integer_value(value));
	return json_is_boolean(value) && take_flag(b, name, json_is_true(value));
}

enum bsg_err bsg_sim_behaviour_parse(const char *json, size_t len, struct bsg_sim_behaviour *out,
				     struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;
	json_error_t where;
	json_t *root = NULL, *value;
	const char *name;

	memset(out, 0, sizeof(*out));
	if (len == 0)
		return BSG_OK;
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(root)) {
		json_decref(root);
		return bsg_fail(err, BSG_E_INVALID, "behaviour: line %d: %s", where.line,
				root == NULL ? where.text : "not an object");
	}
	json_object_foreach(root, name, value) {
		if (rc == BSG_OK && !take_member(out, name, value))
			rc = bsg_fail(err, BSG_E_INVALID, "behaviour: %s: no such member, or a bad value", name);
	}
	json_decref(root);
	if (rc == BSG_OK && out->status != 0 && (out->status < 200 || out->status > 599))
		rc = bsg_fail(err, BSG_E_INVALID, "behaviour: status %u", out->status);
	if (rc != BSG_OK)
		memset(out, 0, sizeof(*out));
	return rc;
}

/* Take up a control file that changed: replaced by rename, or written to. */
static void look_at_control(struct bsg_sim_apns *apns)
{
	struct bsg_sim_behaviour behaviour = { 0 };
	struct bsg_error err = { .text = "" };
	struct stat st = { 0 };
	uint8_t *text = NULL;
	size_t len = 0;

	if (apns->options.control_path == NULL)
		return;
	if (stat(apns->options.control_path, &st) != 0)
		memset(&st, 0, sizeof(st));	/* no file: no difference */
	if (st.st_ino == apns->control_inode && st.st_size == apns->control_size &&
	    st.st_mtim.tv_sec == apns->control_mtime.tv_sec && st.st_mtim.tv_nsec == apns->control_mtime.tv_nsec)
		return;
	apns->control_inode = st.st_ino;
	apns->control_size = st.st_size;
	apns->control_mtime = st.st_mtim;
	if (st.st_ino != 0 && (bsg_file_read(apns->options.control_path, CONTROL_MAX, &text, &len, &err) != BSG_OK ||
			       bsg_sim_behaviour_parse((const char *)text, len, &behaviour, &err) != BSG_OK))
		(void)fprintf(stderr, "bosaga-sim: %s: %s\n", apns->options.control_path, err.text);
	else
		bsg_sim_apns_behave(apns, &behaviour);
	free(text);
}

static bool is_token(const char *text)
{
	const size_t n = strlen(text);

	return n >= 64 && n % 2 == 0 && n < BSG_SIM_TOKEN_SIZE && strspn(text, "0123456789abcdefABCDEF") == n;
}

static bool take_int(const char *text, int64_t *out)
{
	char *end;

	*out = 0;
	if (text[0] == '\0')
		return true;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0 && *out >= 0;
}

static bool take_magic(const struct bsg_buf *body, struct facts *facts)
{
	json_t *root = json_loadb((const char *)body->data, body->len, JSON_REJECT_DUPLICATES, NULL);
	const char *magic = json_string_value(json_object_get(root, "mdm"));
	const bool ok = magic != NULL && magic[0] != '\0' && strlen(magic) < sizeof(facts->magic) &&
			json_object_size(root) == 1;

	if (ok)
		memcpy(facts->magic, magic, strlen(magic) + 1);
	json_decref(root);
	return ok;
}

struct fault { unsigned status; const char *reason; };

/* In Apple's words ("Handling notification responses from APNs"). */
static struct fault find_fault(const struct bsg_apns_stream *stream, struct facts *facts)
{
	static const char path[] = "/3/device/";
	const struct bsg_sim_apns_options *o = &stream->conn->apns->options;
	const struct bsg_apns_request *r = &stream->request;
	const char *fault = NULL;

	if (strncmp(r->path, path, sizeof(path) - 1) == 0)
		(void)snprintf(facts->token, sizeof(facts->token), "%s", r->path + sizeof(path) - 1);
	if (o->client_ca_pem == NULL)
		fault = bsg_apns_token_fault(stream->conn->apns, r->authorization);
	if (strcmp(r->method, "POST") != 0)
		return (struct fault){ 405, "MethodNotAllowed" };
	if (strncmp(r->path, path, sizeof(path) - 1) != 0 || r->is_too_long)
		return (struct fault){ 404, "BadPath" };
	if (fault != NULL)
		return (struct fault){ 403, fault };
	if (!is_token(facts->token))
		return (struct fault){ 400, facts->token[0] != '\0' ? "BadDeviceToken" : "MissingDeviceToken" };
	if (r->topic[0] == '\0')
		return (struct fault){ 400, "MissingTopic" };
	if (strcmp(r->topic, o->topic) != 0 ||
	    (o->client_ca_pem != NULL && strcmp(r->topic, stream->conn->sender) != 0))
		return (struct fault){ 400, "TopicDisallowed" };
	if (strcmp(r->push_type, "mdm") != 0)
		return (struct fault){ 400, "InvalidPushType" };
	if (!take_int(r->priority, &facts->priority) || (facts->priority != 10 && facts->priority != 5))
		return (struct fault){ 400, "BadPriority" };
	if (!take_int(r->expiration, &facts->expiration))
		return (struct fault){ 400, "BadExpirationDate" };
	if (r->id[0] != '\0' && !bsg_id_is_uuid(r->id))
		return (struct fault){ 400, "BadMessageId" };
	if (r->body.rc != BSG_OK)
		return (struct fault){ 413, "PayloadTooLarge" };
	if (!take_magic(&r->body, facts))
		return (struct fault){ 400, "PayloadEmpty" };
	return (struct fault){ 200, "" };
}

static bool is_answered(const struct bsg_apns_verdict *v)
{
	return !v->is_silent && !v->drops && !v->resets;
}

/* Apply what the stand-in was told, if it concerns this request. */
static void differ(struct bsg_apns_stream *stream, const struct facts *facts)
{
	struct bsg_sim_apns *apns = stream->conn->apns;
	struct bsg_sim_behaviour *b = &apns->behaviour;
	struct bsg_apns_verdict *v = &stream->verdict;
	bool fires;

	pthread_mutex_lock(&apns->lock);
	fires = (b->token[0] == '\0' || strcmp(b->token, facts->token) == 0) &&
		(b->goaway_after == 0 || stream->conn->n_requests == b->goaway_after);
	if (fires) {
		if (b->status != 0) {
			v->status = b->status;
			memcpy(v->reason, b->reason, sizeof(v->reason));
			v->timestamp_ms = b->timestamp_ms;
			v->retry_after_s = b->retry_after_s;
		}
		v->delay_ms = b->delay_ms;
		v->is_silent = b->is_silent;
		v->drops = b->drops;
		v->resets = b->resets;
		v->goaway = b->goaway_after > 0;
		if (b->times > 0 && --b->times == 0)
			memset(b, 0, sizeof(*b));
	}
	apns->stats.n_requests++;
	if (v->status == 200 && is_answered(v))
		apns->stats.n_accepted++;
	pthread_mutex_unlock(&apns->lock);
}

static void append_line(const char *path, const struct bsg_sim_push *push)
{
	json_t *json = json_pack("{s:I,s:i,s:i,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:i,s:s}", "at_ms", (json_int_t)push->at_ms,
				 "connection", (int)push->connection, "stream", (int)push->stream, "token", push->token,
				 "topic", push->topic, "push_type", push->push_type, "id", push->id, "mdm", push->magic,
				 "expiration", (json_int_t)push->expiration, "priority", (json_int_t)push->priority,
				 "sender", push->sender, "status", (int)push->status, "reason", push->reason);
	char *text = json_dumps(json, JSON_COMPACT);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	/* One write a line: whoever reads along never sees a half. */
	if (text == NULL || fd < 0 || dprintf(fd, "%s\n", text) < 0)
		(void)fprintf(stderr, "bosaga-sim: %s: cannot write the record\n", path);
	if (fd >= 0)
		close(fd);
	free(text);
	json_decref(json);
}

static void record(const struct bsg_apns_stream *stream, const struct facts *facts)
{
	const struct bsg_sim_apns_options *o = &stream->conn->apns->options;
	const struct bsg_apns_verdict *v = &stream->verdict;
	const struct bsg_sim_push push = {
		.at_ms = bsg_clock_utc_ms(o->clock), .connection = stream->conn->number, .stream = stream->id,
		.token = facts->token, .topic = stream->request.topic, .push_type = stream->request.push_type,
		.id = stream->request.id, .magic = facts->magic, .expiration = facts->expiration,
		.priority = facts->priority, .sender = stream->conn->sender, .authorization = stream->request.authorization,
		.status = is_answered(v) ? v->status : 0, .reason = v->reason,
	};

	if (o->record_path != NULL)
		append_line(o->record_path, &push);
	if (o->on_push != NULL)
		o->on_push(&push, o->app);
}

void bsg_apns_request_judge(struct bsg_apns_stream *stream)
{
	struct facts facts = { .token = "" };
	struct fault fault;

	look_at_control(stream->conn->apns);
	fault = find_fault(stream, &facts);
	stream->verdict.status = fault.status;
	(void)snprintf(stream->verdict.reason, sizeof(stream->verdict.reason), "%s", fault.reason);
	differ(stream, &facts);
	record(stream, &facts);
}
