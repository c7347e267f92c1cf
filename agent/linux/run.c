/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of `bosaga-agent run`. */
#include "agent/linux/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "agent/linux/agent.h"
#include "agent/linux/control.h"
#include "agent/linux/enrol.h"
#include "agent/linux/link.h"
#include "agent/linux/requests.h"
#include "crypto/random.h"

#define DELAY_MAX_MS 30000
#define REFUSED_MS 60000
#define CLONE_MS 600000		/* another agent has our key: the helpdesk has to look */
#define RENEW_RETRY_MS 3600000
#define QUICK_MS 1000		/* a request that comes back sooner, with nothing new, was not held */

enum { FD_SIGNAL = 0, FD_TIMER, FD_WALL, FD_LINK, N_OWN };

struct loop {
	struct bsg_agent *agent;
	struct bsg_link *link;
	struct bsg_control *control;
	const struct bsg_agent_settings *settings;
	const struct bsg_log *log;
	int signals, timer, wall;	/* -1: not open */
	bool stop;
	bool left;			/* unenrolled: the folder is empty */
	char etag[128];
	unsigned failures[BSG_LINK_LINES];
	unsigned n_quick;	/* answers in a row that were not held and brought nothing */
	int64_t asked_at, renew_from;	/* monotonic ms */
	bool clone_logged;
};

/* --- descriptors --- */

static void arm_wall(const struct loop *loop)
{
	/* Never fires, whatever year somebody sets: a read tells that the real-time clock was set. */
	struct itimerspec far = { .it_value.tv_sec = sizeof(time_t) > 4 ? (time_t)INT64_MAX : INT32_MAX };

	timerfd_settime(loop->wall, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL);
}

static enum bsg_err open_descriptors(struct loop *loop, struct bsg_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);	/* before threads are made, so that they inherit it */
	signal(SIGPIPE, SIG_IGN);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->wall = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->signals < 0 || loop->timer < 0 || loop->wall < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "descriptors: %s", strerror(errno));
	arm_wall(loop);
	return BSG_OK;
}

/* CLOCK_BOOTTIME: an edge that passed during sleep is due at waking up. */
static void arm_timer(const struct loop *loop)
{
	int64_t due = bsg_agent_due_ms(loop->agent);
	struct itimerspec when = { .it_value.tv_sec = 0 };

	if (due >= 0) {
		due = due < 1 ? 1 : due;	/* zero would disarm it */
		when.it_value.tv_sec = due / 1000;
		when.it_value.tv_nsec = due % 1000 * 1000000;
	}
	timerfd_settime(loop->timer, 0, &when, NULL);
}

static void drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) > 0)
		;
}

/* --- the server --- */

/* After the n-th failure: 1 s, 2 s, … 30 s, each moved by up to a quarter, so that phones do not come back together. */
static int64_t delay_after(unsigned n)
{
	int64_t delay = n >= 5 ? DELAY_MAX_MS : INT64_C(1000) << n;
	uint16_t random = 0;
	struct bsg_error err;

	if (bsg_random(&random, sizeof(random), &err) != BSG_OK)
		random = 0;
	return delay - delay * random / 65536 / 4;
}

static int64_t back_off(struct loop *loop, enum bsg_link_line line)
{
	return delay_after(loop->failures[line]++);
}

/*
 * The server has nothing new. One that was held is asked again at once; one that
 * was not, by a server that cannot hold or loses our ETag, must not become a loop.
 */
static int64_t nothing_new(struct loop *loop)
{
	if (bsg_clock_mono_ms(bsg_clock_system()) - loop->asked_at >= QUICK_MS)
		loop->n_quick = 0;
	else
		loop->n_quick++;
	return loop->n_quick < 2 ? 0 : delay_after(loop->n_quick - 2);
}

static bool ask(struct loop *loop, enum bsg_link_line line, const struct bsg_link_request *request)
{
	struct bsg_error err;

	if (bsg_link_ask(loop->link, line, request, &err) == BSG_OK)
		return true;
	bsg_log(loop->log, BSG_LOG_ERROR, "agent", "%s", err.text);
	return false;
}

static void ask_orders(struct loop *loop, int64_t delay_ms)
{
	struct bsg_link_request request = { .ask = BSG_ASK_ORDERS, .delay_ms = delay_ms,
		.wait_s = (unsigned)loop->settings->poll_wait };

	memcpy(request.etag, loop->etag, sizeof(request.etag));
	loop->asked_at = bsg_clock_mono_ms(bsg_clock_system()) + delay_ms;
	(void)ask(loop, BSG_LINK_ORDERS, &request);
}

/* @return whether a renewal is asked instead of orders */
static bool ask_renewal(struct loop *loop)
{
	int64_t now = bsg_clock_mono_ms(bsg_clock_system());
	struct bsg_link_request request = { .ask = BSG_ASK_RENEW };
	struct bsg_buf body;
	struct bsg_error err;
	bool asked = false;

	if (now < loop->renew_from || !bsg_renew_due(loop->agent))
		return false;
	loop->renew_from = now + RENEW_RETRY_MS;
	bsg_buf_init(&body, 8192);
	if (bsg_renew_request(loop->agent, &body, &err) == BSG_OK) {
		request.body = body.data;
		request.body_len = body.len;
		asked = ask(loop, BSG_LINK_ORDERS, &request);
	}
	bsg_buf_free(&body);
	return asked;
}

static void send_reports(struct loop *loop, int64_t delay_ms)
{
	struct bsg_link_request request = { .ask = BSG_ASK_REPORT, .delay_ms = delay_ms };
	struct bsg_agent *agent = loop->agent;
	int64_t now = bsg_agent_now(agent).utc;
	struct bsg_bytes batch;
	struct bsg_error err;

	if (!bsg_link_idle(loop->link, BSG_LINK_REPORTS))
		return;
	/* A state folder that was lost starts above what the server has seen of this instance. */
	if (!agent->queue.batch && agent->queue.n && agent->saved.batch_sequence < (uint64_t)now)
		agent->saved.batch_sequence = (uint64_t)now;
	if (bsg_queue_batch(&agent->queue, &agent->saved.batch_sequence, &batch, &err) != BSG_OK)
		bsg_log(loop->log, BSG_LOG_ERROR, "agent", "%s", err.text);
	if (batch.len == 0)
		return;
	bsg_agent_save(agent);
	request.body = batch.ptr;
	request.body_len = batch.len;
	(void)ask(loop, BSG_LINK_REPORTS, &request);	/* if not, at the next turn */
}

static void log_failure(struct loop *loop, enum bsg_link_line line, const struct bsg_link_answer *answer)
{
	if (loop->failures[line] == 0 || answer->rc == BSG_OK)
		bsg_log(loop->log, BSG_LOG_WARNING, "agent", "%s: %s%.0u", line == BSG_LINK_ORDERS ? "orders" : "reports",
			answer->rc == BSG_OK ? "the server answers " : answer->text,
			answer->rc == BSG_OK ? answer->status : 0);
}

/* Of the orders in force; 0: none. */
static uint32_t serial_of(const struct loop *loop)
{
	return loop->agent->orders.message ? loop->agent->orders.message->orders.serial : 0;
}

/* @return the delay before the next request */
static int64_t judge_orders(struct loop *loop, const struct bsg_link_answer *answer)
{
	uint32_t serial = serial_of(loop);
	struct bsg_error err;

	if (answer->rc != BSG_OK || answer->status >= 500) {
		log_failure(loop, BSG_LINK_ORDERS, answer);
		return back_off(loop, BSG_LINK_ORDERS);
	}
	if (loop->failures[BSG_LINK_ORDERS])
		bsg_log(loop->log, BSG_LOG_INFO, "agent", "the server is there again");
	loop->failures[BSG_LINK_ORDERS] = 0;
	bsg_agent_server_time(loop->agent, answer->date, answer->mono_ms, answer->slept);
	if (answer->status == 304)
		return nothing_new(loop);
	if (answer->status != 200) {
		log_failure(loop, BSG_LINK_ORDERS, answer);
		return REFUSED_MS;
	}
	if (bsg_agent_take_orders(loop->agent, answer->body, answer->body_len, &err) != BSG_OK) {
		bsg_log(loop->log, BSG_LOG_ERROR, "agent", "orders of the server are not taken: %s", err.text);
		return REFUSED_MS;
	}
	memcpy(loop->etag, answer->etag, sizeof(loop->etag));
	if (loop->agent->orders.message && loop->agent->orders.message->discharge)
		return REFUSED_MS;
	if (serial_of(loop) == serial)
		return nothing_new(loop);
	loop->n_quick = 0;
	return 0;
}

static void judge_renewal(struct loop *loop, const struct bsg_link_answer *answer)
{
	struct bsg_error err = { .text = "the server refuses" };

	if (answer->rc == BSG_OK && answer->status == 200 &&
	    bsg_renew_answer(loop->agent, answer->body, answer->body_len, &err) == BSG_OK)
		bsg_log(loop->log, BSG_LOG_INFO, "agent", "the certificate is renewed");
	else
		bsg_log(loop->log, BSG_LOG_WARNING, "agent", "the certificate is not renewed: %s",
			answer->rc == BSG_OK ? err.text : answer->text);
}

static void on_orders(struct loop *loop, const struct bsg_link_answer *answer)
{
	int64_t delay = 0;

	if (answer->ask == BSG_ASK_RENEW)
		judge_renewal(loop, answer);
	else
		delay = judge_orders(loop, answer);
	/* Also where the next request would wait: a server that never holds renews all the same. */
	if (loop->failures[BSG_LINK_ORDERS] || !ask_renewal(loop))
		ask_orders(loop, delay);
}

static void on_reports(struct loop *loop, const struct bsg_link_answer *answer)
{
	struct bsg_error err;
	int64_t delay = 0;
	bool taken = answer->rc == BSG_OK && (answer->status == 204 || answer->status == 200);
	bool hopeless = answer->rc == BSG_OK && (answer->status == 400 || answer->status == 413 ||
						 answer->status == 415 || answer->status == 422);

	if (taken || hopeless) {
		loop->failures[BSG_LINK_REPORTS] = 0;
		if (bsg_queue_answered(&loop->agent->queue, &err) != BSG_OK)
			bsg_log(loop->log, BSG_LOG_ERROR, "agent", "%s", err.text);
	}
	if (!taken)
		log_failure(loop, BSG_LINK_REPORTS, answer);
	if (answer->rc == BSG_OK && answer->status == 409) {
		if (!loop->clone_logged)
			bsg_log(loop->log, BSG_LOG_ERROR, "agent",
				"another agent reports with this device's key: call the helpdesk");
		loop->clone_logged = true;
		delay = CLONE_MS;
	} else if (!taken && !hopeless) {
		delay = back_off(loop, BSG_LINK_REPORTS);
		if (answer->rc == BSG_OK && answer->status < 500)
			delay = REFUSED_MS;	/* it is there, and means it */
	}
	send_reports(loop, delay);
}

/* Orders have exit keys. */
static void forget_body(struct bsg_link_answer *answer)
{
	if (answer->body)
		explicit_bzero(answer->body, answer->body_len);
	free(answer->body);
}

static void on_link(struct loop *loop)
{
	struct bsg_link_answer answer;

	drain(bsg_link_fd(loop->link));
	if (bsg_link_take(loop->link, BSG_LINK_ORDERS, &answer)) {
		on_orders(loop, &answer);
		forget_body(&answer);
	}
	if (bsg_link_take(loop->link, BSG_LINK_REPORTS, &answer)) {
		on_reports(loop, &answer);
		forget_body(&answer);
	}
}

/* --- what else happens --- */

static void on_signal(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			bsg_link_hurry(loop->link, BSG_LINK_ORDERS);
		else
			loop->stop = true;
	}
}

static void on_wall(struct loop *loop)
{
	uint64_t count;

	if (read(loop->wall, &count, sizeof(count)) < 0 && errno == ECANCELED)
		bsg_agent_wall_changed(loop->agent);
	arm_wall(loop);
}

static enum bsg_err on_request(void *arg, const char *what, const json_t *request, json_t *answer,
			       struct bsg_error *err)
{
	struct loop *loop = arg;
	enum bsg_err rc;

	if (loop->left)	/* it came with the one that left: nothing of it may be restricted or written any more */
		return bsg_fail(err, BSG_E_DENIED, "this device has left");
	if (strcmp(what, "unenrol") != 0) {
		rc = bsg_agent_request(loop->agent, what, request, answer, err);
		if (rc == BSG_OK && loop->agent->queue.n)	/* somebody stands at a gate, or is in an emergency */
			bsg_link_hurry(loop->link, BSG_LINK_REPORTS);
		return rc;
	}
	bool told = false;

	rc = bsg_agent_lift_all(loop->agent, err);
	if (rc != BSG_OK)
		return rc;
	bsg_link_close(loop->link);	/* leaving sends by itself, and last */
	loop->link = NULL;
	rc = bsg_unenrol(loop->agent, &told, err);
	json_object_set_new(answer, "told", json_boolean(told));
	loop->stop = loop->left = true;
	return rc;
}

/* --- the loop --- */

static size_t fill(const struct loop *loop, struct pollfd *fds, size_t *first_slot, size_t *first_control)
{
	size_t n = N_OWN;

	fds[FD_SIGNAL] = (struct pollfd){ .fd = loop->signals, .events = POLLIN };
	fds[FD_TIMER] = (struct pollfd){ .fd = loop->timer, .events = POLLIN };
	fds[FD_WALL] = (struct pollfd){ .fd = loop->wall, .events = POLLIN };
	fds[FD_LINK] = (struct pollfd){ .fd = bsg_link_fd(loop->link), .events = POLLIN };
	*first_slot = n;
	for (size_t i = 0; i < loop->agent->n_slots; i++) {
		const struct bsg_agent_slot *slot = &loop->agent->slot[i];

		/* Nobody reads from one that is not wanted: it would be readable for ever. */
		fds[n++] = (struct pollfd){ .fd = slot->wanted ? slot->ops->fd(slot->enforcer) : -1,
			.events = POLLIN };
	}
	*first_control = n;
	return n + bsg_control_poll(loop->control, fds + n);
}

static void turn(struct loop *loop)
{
	struct pollfd fds[N_OWN + BSG_ENFORCE_MAX + BSG_CONTROL_PEERS + 1];
	size_t first_slot, first_control, n;

	arm_timer(loop);
	n = fill(loop, fds, &first_slot, &first_control);
	if (poll(fds, n, -1) < 0) {
		if (errno != EINTR)	/* no memory: not a reason to spin */
			poll(NULL, 0, QUICK_MS);
		return;
	}
	if (fds[FD_SIGNAL].revents)
		on_signal(loop);
	if (fds[FD_WALL].revents)
		on_wall(loop);
	for (size_t i = first_slot; i < first_control; i++)
		if (fds[i].revents)	/* an error too: keep() opens anew */
			bsg_agent_wake_slot(loop->agent, i - first_slot);
	if (fds[FD_TIMER].revents) {
		drain(loop->timer);
		bsg_agent_work(loop->agent);
	}
	if (fds[FD_LINK].revents)
		on_link(loop);
	bsg_control_serve(loop->control, fds + first_control, n - first_control);
	if (!loop->stop)
		send_reports(loop, 0);
}

static enum bsg_err open_link(struct loop *loop, struct bsg_error *err)
{
	const struct bsg_agent *agent = loop->agent;
	struct bsg_link_options options = { .device_url = agent->identity.device_url,
		.root = agent->identity.root.data, .root_len = agent->identity.root.len,
		.certificate_file = agent->paths.certificate, .key_file = agent->paths.key, .log = loop->log };

	return bsg_link_open(&options, &loop->link, err);
}

static enum bsg_err open_loop(struct loop *loop, const struct bsg_run_options *options,
			      struct bsg_error *err)
{
	struct bsg_agent_options agent = { .state = options->state, .log = options->log };
	struct bsg_control_options control = { .owner = options->settings->owner, .handler = on_request,
		.arg = loop, .log = options->log };
	enum bsg_err rc = bsg_agent_settings_enforce(options->settings, options->state, options->log,
						     &agent.enforce, err);

	if (rc == BSG_OK)
		rc = open_descriptors(loop, err);
	if (rc == BSG_OK)
		rc = bsg_agent_open(&agent, &loop->agent, err);	/* evaluates and enforces */
	if (rc != BSG_OK)
		return rc;
	control.path = loop->agent->paths.socket;
	rc = bsg_control_open(&control, &loop->control, err);
	return rc == BSG_OK ? open_link(loop, err) : rc;
}

enum bsg_err bsg_run_lock(const struct bsg_agent_paths *paths, int *fd, struct bsg_error *err)
{
	*fd = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%.150s: %s", paths->lock, strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return BSG_OK;
	close(*fd);
	*fd = -1;
	return bsg_fail(err, BSG_E_CONFLICT, "an agent runs in %.150s already", paths->dir);
}

static void close_loop(struct loop *loop)
{
	bsg_control_close(loop->control);
	bsg_link_close(loop->link);
	bsg_agent_close(loop->agent);
	if (loop->signals >= 0)
		close(loop->signals);
	if (loop->timer >= 0)
		close(loop->timer);
	if (loop->wall >= 0)
		close(loop->wall);
}

enum bsg_err bsg_run(const struct bsg_run_options *options, struct bsg_error *err)
{
	struct loop loop = { .settings = options->settings, .log = options->log, .signals = -1, .timer = -1,
		.wall = -1 };
	struct bsg_agent_paths paths;
	int lock = -1;
	enum bsg_err rc = bsg_agent_paths(options->state, &paths, err);

	if (rc == BSG_OK)
		rc = bsg_run_lock(&paths, &lock, err);
	if (rc == BSG_OK)
		rc = open_loop(&loop, options, err);
	if (rc == BSG_OK) {
		sd_notify(0, "READY=1\nSTATUS=evaluated and enforced");
		bsg_log(options->log, BSG_LOG_INFO, "agent", "device %s is ready", loop.agent->identity.device);
		ask_orders(&loop, 0);
		send_reports(&loop, 0);
		while (!loop.stop)
			turn(&loop);
		sd_notify(0, "STOPPING=1");
	}
	close_loop(&loop);
	if (lock >= 0)
		close(lock);
	return rc;
}
