// SPDX-License-Identifier: Apache-2.0
// The decision, a second time: slow and plain, from docs/spec/decision.md alone. It shares nothing with core/.
// A rule can be switched off (`off`), to see whether it mattered for an answer.

import { fixFacts } from './geometry.mjs';

export const TMAX = 4102444800;
const FUNCTIONS = ['camera', 'microphone', 'screen_capture', 'internet', 'wifi', 'hotspot', 'bluetooth', 'nfc', 'usb_data',
	'location', 'apps', 'debugging'];
const NOTHING_OFF = new Set();

/* "Words": ids are compared by unsigned bytes; so each is made a string of its UTF-8 bytes, once. None (null) is smallest, with the empty. */
const asBytes = new Map([[null, '']]);
function bytesOf(id) {
	let bytes = asBytes.get(id);
	if (bytes === undefined) asBytes.set(id, bytes = Buffer.from(id).toString('latin1'));
	return bytes;
}
export function compareIds(a, b) {
	if (a === b) return 0;
	const [x, y] = [bytesOf(a), bytesOf(b)];
	return x < y ? -1 : Number(x > y);
}

const cut = (t) => Math.min(Math.max(t, 1), TMAX);
const byId = (a, b) => compareIds(a.id, b.id);

/* ---- what is given ---- */

function joined(windows) { // D2.2
	const sorted = windows.map(([from, until]) => ({ from, until })).sort((a, b) => a.from - b.from || a.until - b.until);
	const out = [];
	for (const w of sorted) {
		const last = out[out.length - 1];
		if (last && w.from <= last.until) last.until = Math.max(last.until, w.until);
		else out.push({ ...w });
	}
	return out;
}

const readTexts = (texts) => (texts ? { en: texts.en, kk: texts.kk, ru: texts.ru } : null);

export function readOrders(json) {
	const orders = {
		device: json.device, serial: json.serial, expires: json.expires, release: json.release ?? null,
		presence: json.presence ?? null, maxStay: json.lease?.max_stay ?? 50400,
		minutes: json.break_glass?.minutes ?? 10, perDay: json.break_glass?.per_day ?? 2,
		exemptions: json.exemptions ?? [], json: JSON.stringify(json),
	};
	orders.places = json.places.map((p) => ({
		id: p.id, parent: p.parent ?? null, maxStay: p.max_stay ?? orders.maxStay, grace: p.grace ?? 180,
		selfStay: p.self_stay ?? 900, enterBy: p.enter_by ?? [], leftUnconfirmed: p.left_unconfirmed ?? true, keep: p.keep ?? [],
		evidence: [...(p.beacons ?? []).map((id) => 'beacon ' + id), ...(p.wifi ?? []).map((id) => 'wifi ' + id)],
		area: p.area && p.area.length ? p.area : null,
	})).sort(byId);
	orders.rules = json.rules.map((r) => ({
		id: r.id, place: r.place ?? null, windows: r.windows == null ? null : joined(r.windows),
		functions: FUNCTIONS.filter((f) => r.restrict.includes(f)), apps: r.apps ?? [], enforce: r.enforce ?? true,
		because: readTexts(r.because), guest: false,
	}));
	for (const p of orders.places) {
		p.around = [p.id];
		for (let up = p.parent; up !== null; up = orders.places.find((q) => q.id === up).parent) p.around.push(up);
	}
	for (const p of orders.places) p.inside = orders.places.filter((q) => q.around.includes(p.id)).map((q) => q.id);
	return orders;
}

const different = (list) => new Set(list).size === list.length;
const within = (list, most) => list === null || list === undefined || list.length <= most;

function areaIsWrong(area) {
	return area.length === 1 || area.length === 2 || area.length > 64
		|| area.some(([lat, lon]) => Math.abs(lat - area[0][0]) > 10000000 || Math.abs(lon - area[0][1]) > 10000000);
}

/* "What is given": why these orders change nothing at all, or null. Of D10 it knows function names, but no list of apps. */
export function whyRefused(json) {
	const parents = new Map(json.places.map((p) => [p.id, p.parent ?? null]));
	const tooHigh = (id) => { // up the chain of parents: to one that is not there, or round in a circle
		for (let steps = 0; id !== null; id = parents.get(id)) if (!parents.has(id) || ++steps > 8) return true;
		return false;
	};
	const reasons = {
		'two places with one id': !different(json.places.map((p) => p.id)),
		'two rules with one id': !different(json.rules.map((r) => r.id)),
		'a parent that is not there, or parents in a circle': json.places.some((p) => tooHigh(p.id)),
		'a place that is not there': json.rules.some((r) => r.place != null && !parents.has(r.place)),
		'neither place nor windows': json.rules.some((r) => r.place == null && r.windows == null),
		'a window without time': json.rules.some((r) => (r.windows ?? []).some(([from, until]) => until <= from)),
		'a function that does not exist': [...json.rules.map((r) => r.restrict), ...json.places.map((p) => p.keep ?? [])].flat().some((f) => !FUNCTIONS.includes(f)),
		'an enter_by that does not exist': json.places.some((p) => (p.enter_by ?? []).some((by) => !['gate', 'beacon', 'wifi', 'area', 'self'].includes(by))),
		'apps that are not restricted': json.rules.some((r) => r.apps?.length && !r.restrict.includes('apps')),
		'an area': json.places.some((p) => areaIsWrong(p.area ?? [])),
		'a limit': !within(json.rules, 16) || !within(json.places, 8) || !within(json.exemptions, 16) || !within(json.rules.flatMap((r) => r.windows ?? []), 512)
			|| json.places.some((p) => !within([...(p.beacons ?? []), ...(p.wifi ?? [])], 32)),
		'serial': json.serial === 0,
		'max_stay': json.lease?.max_stay === 0,
	};
	return Object.keys(reasons).find((reason) => reasons[reason]) ?? null;
}

function readGuest(place, guest) {
	const read = { place, functions: FUNCTIONS.filter((f) => guest.functions.includes(f)), apps: guest.apps ?? [],
		maxStay: guest.max_stay, because: readTexts(guest.because) };
	return { ...read, digest: JSON.stringify([read, guest.name ?? null]) };
}

/* ---- state ---- */

/* `seen` is replaced, never changed, so that copies may share it. Places are in ascending order, always. */
const emptyPlace = (id) => ({ id, by: 'none', since: 0, anchor: 0, end: 0, evidence: 0, seen: [], far: 0, lock: 0, quiet: 0 });

export const emptyState = () => ({ device: null, serial: 0, presenceSeq: 0, monoRef: 0, now: 0, lastGate: 0, lastGateIn: 0,
	releaseAt: 0, releaseGiven: 0, bgUntil: 0, presses: [], expired: false, leftUnconfirmed: false,
	places: [], slots: [null, null] });

const copyPlace = (p) => p && { ...p };
const copyState = (s) => ({ ...s, presses: [...s.presses], places: s.places.map(copyPlace), slots: s.slots.map(copyPlace) });

/* ---- one step ---- */

class Step {
	constructor(orders, guests, state, event, off) {
		Object.assign(this, { orders, guests, s: copyState(state), event, off, reports: [], auth: event.time.auth ?? true });
	}

	/* Derived facts. Guests are places too. */
	all() {
		const guests = this.s.slots.filter((g) => g);
		return guests.length ? [...this.s.places, ...guests].sort(byId) : this.s.places;
	}
	of(id) { return this.s.places.find((p) => p.id === id) ?? this.s.slots.find((g) => g && g.id === id); }
	given(id) { return this.orders.places.find((p) => p.id === id); }
	credential(slot) { return this.guests.find((g) => g.place === slot.id && g.digest === slot.digest); }
	around(id) { return (this.given(id)?.around ?? [id]).map((a) => this.of(a)); }
	inside(id) { return (this.given(id)?.inside ?? [id]).map((a) => this.of(a)); }
	maxStay(id) { return this.given(id)?.maxStay ?? this.credential(this.of(id)).maxStay; }
	held(x) { return x.by === 'gate' && this.s.now >= x.end && !this.off.has('D6'); }
	present(x) { return x.by !== 'none' && !this.held(x); }
	shut(y) { return !this.off.has('D3') && this.around(y.id).some((a) => a.lock !== 0); }
	sight(x) { return this.inside(x.id).some((y) => !this.shut(y) && y.seen.length > 0); }
	raw(x) { return this.inside(x.id).some((y) => y.seen.length > 0); }

	report(kind, more) { this.reports.push({ kind, ...more }); }

	ends(x) { // "Presence in X ends"
		if (this.s.slots.includes(x)) this.s.slots[this.s.slots.indexOf(x)] = null;
		else Object.assign(x, { by: 'none', since: 0, anchor: 0, end: 0, far: 0 });
	}

	run() {
		this.d8_time();
		this.s2_guests();
		this.s3_orders();
		this.settle();
		this.s5_event();
		this.settle();
		return { state: this.s, output: this.output() };
	}

	/* S1 */
	d8_time() {
		const s = this.s;
		const u = cut(this.event.time.utc);
		const m = Math.max(this.event.time.mono ?? 1000 * this.event.time.utc, 0);
		if (s.now === 0) { s.now = u; s.monoRef = m; return; } // D8.1
		const restart = this.event.kind === 'boot' || m < s.monoRef; // D8.2
		const base = restart ? 0 : s.monoRef;
		const e = Math.floor(Math.min(m - base, 4294967295) / 1000);
		const expected = Math.min(s.now + e, TMAX);
		let backwards = false;
		let now = Math.max(u, expected); // D8.4
		if (this.auth || this.off.has('D8')) { // D8.3
			now = u;
			if (u < s.now && s.now - u <= 10) now = s.now;
			else if (u < s.now) backwards = true;
		}
		s.monoRef = now === expected ? base + 1000 * e : m; // D8.5
		s.now = now;
		if (backwards && !this.off.has('D8')) this.d8_6();
		if (this.auth && (restart ? backwards : Math.abs(u - expected) > 10)) this.report('clock_corrected', { value: u - expected }); // D8.7
	}

	d8_6() {
		const { s } = this;
		const { now } = s;
		const past = (moment) => (moment > now ? Math.max(now - 1, 1) : moment);
		const lastPress = s.presses[s.presses.length - 1];
		if (s.bgUntil !== 0 && lastPress !== undefined) s.bgUntil = Math.min(s.bgUntil, now + (s.bgUntil - lastPress));
		for (const key of ['lastGate', 'lastGateIn', 'releaseAt']) s[key] = past(s[key]);
		s.presses = s.presses.map(past);
		for (const x of this.all()) {
			if (x.end !== 0) x.end = Math.min(x.end, now + (x.end - x.anchor));
			if (x.lock !== 0) x.lock = Math.min(x.lock, now + 600);
			for (const key of ['since', 'anchor', 'evidence', 'far', 'quiet']) x[key] = past(x[key]);
		}
	}

	/* S2 */
	s2_guests() {
		if (this.event.guest) this.brought = readGuest(this.event.place, this.event.guest);
		const known = this.brought ? [...this.guests, this.brought] : this.guests;
		this.s.slots = this.s.slots.map((slot) => {
			if (!slot || known.some((g) => g.place === slot.id && g.digest === slot.digest)) return slot;
			this.report('place_gone', { place: slot.id });
			return null;
		});
		this.guests = known;
	}

	/* S3 */
	s3_orders() {
		const { s } = this;
		if (s.serial === 0 || (this.orders.device === s.device && this.orders.serial > s.serial)) this.d11_2_take(this.orders);
	}

	settle() {
		const { s } = this;
		const { now } = s;
		if (this.auth) {
			s.expired = now >= this.orders.expires && !this.off.has('D8');
			s.presses = s.presses.filter((p) => p + 86400 > now);
		}
		if (s.bgUntil !== 0 && s.bgUntil <= now) s.bgUntil = 0;
		for (;;) {
			const due = this.due().filter((d) => d.t <= now).sort((a, b) => a.t - b.t || a.sort - b.sort || compareIds(a.x.id, b.x.id));
			if (due.length === 0) break;
			this.lookAround(due[0].t);
			due[0].act();
		}
		this.lookAround(now);
	}

	due() {
		const list = [];
		for (const x of this.all()) {
			const place = this.given(x.id);
			if (x.by !== 'none' && (x.by !== 'gate' || this.auth) && !this.off.has('D6')) list.push({ t: x.end, sort: 1, x, act: () => this.leaseEnds(x, x.end) });
			if ((x.by === 'weak' || x.by === 'self') && !this.sight(x) && !this.off.has('D4'))
				list.push({ t: x.evidence + (x.by === 'weak' ? place.grace : place.selfStay), sort: 2, x, act: () => this.ends(x) });
			if (x.lock !== 0 && !this.raw(x)) list.push({ t: Math.max(x.lock, x.quiet + place.grace), sort: 3, x, act: () => { x.lock = 0; x.quiet = 0; } });
		}
		return list;
	}

	leaseEnds(x, t) { // settle 1, D6.3
		this.ends(x);
		if (!this.given(x.id)) return;
		x.lock = Math.max(x.lock, t);
		x.quiet = Math.max(x.quiet, t, x.evidence);
	}

	lookAround(t) {
		const sights = this.all().filter((x) => this.sight(x));
		const raws = this.all().filter((x) => x.lock !== 0 && this.raw(x));
		for (const x of sights) x.evidence = Math.max(x.evidence, t);
		for (const x of raws) x.quiet = Math.max(x.quiet, t);
	}

	/* S5 */
	s5_event() {
		const e = this.event;
		switch (e.kind) {
		case 'gate_in': return this.d3_4_gateIn(e.place, e.at, e.bound ?? true, this.brought);
		case 'gate_out': return this.d3_5_gateOut(e.place, e.at);
		case 'self_in': return this.d4_6_selfIn(e.place);
		case 'beacon_seen': return this.d4_1_seen('beacon', e.id);
		case 'wifi_seen': return this.d4_1_seen('wifi', e.id);
		case 'beacon_lost': return this.d4_2_lost('beacon', e.id);
		case 'wifi_lost': return this.d4_2_lost('wifi', e.id);
		case 'fix': return this.d4_4_fix(e);
		case 'break_glass': return this.d7_1_breakGlass();
		case 'boot': for (const x of this.all()) { x.seen = []; x.far = 0; } return undefined; // D11.4
		case 'orders_changed': return this.d9_1_ordersChanged(readOrders(e.orders));
		default: return undefined;
		}
	}

	d3_1_at(at) { return at == null || at > this.s.now ? this.s.now : Math.max(at, 1); }

	d3_4_gateIn(id, givenAt, bound, guest) {
		const { s } = this;
		const at = this.d3_1_at(givenAt);
		if (!this.of(id) && (!guest || this.off.has('D13'))) return this.report('unknown_place', { place: id, value: at }); // D3.2
		if (at <= s.lastGate && !this.off.has('D3')) return this.report('gate_event_stale', { place: id, value: at }); // D3.3
		const freed = bound && !this.off.has('D3');
		if (!this.of(id) && !freed && !s.slots.includes(null)) return this.report('guest_refused', { place: id, value: at }); // D13.3
		const family = this.of(id) ? [...this.around(id), ...this.inside(id)] : [];
		if (freed) for (const x of this.all()) if (x.by !== 'none' && !family.includes(x)) this.ends(x); // (b)
		s.lastGate = at; // (c)
		s.lastGateIn = at;
		s.leftUnconfirmed = false;
		for (const x of this.all()) x.far = 0;
		if (!this.given(id)) this.d13_slot(id, guest);
		for (const x of this.around(id)) { // (d)
			if (x.by === 'none') x.since = at;
			Object.assign(x, { by: 'gate', anchor: at, end: at + this.maxStay(x.id), lock: 0, quiet: 0 });
		}
		return undefined;
	}

	d13_slot(id, guest) { // D13.2, D13.3
		const { s } = this;
		let slot = s.slots.find((g) => g && g.id === id);
		if (!slot) {
			const free = s.slots.indexOf(null);
			if (free < 0) throw new Error('no guest slot is free, which D13.3 promised');
			slot = { ...emptyPlace(id), digest: null };
			s.slots[free] = slot;
		}
		if (guest) slot.digest = guest.digest;
	}

	d3_5_gateOut(id, givenAt) {
		const { s } = this;
		const at = this.d3_1_at(givenAt);
		if (!this.of(id)) return this.report('unknown_place', { place: id, value: at });
		const p = this.of(id);
		const isGuest = !this.given(id);
		for (const y of this.inside(id)) if (y.by !== 'none' && y.anchor <= at + 10) this.ends(y); // (a)
		if (!isGuest && p.by !== 'gate') { // (b)
			p.lock = Math.max(p.lock, at + 600);
			p.quiet = Math.max(p.quiet, at, p.evidence);
		}
		s.lastGate = Math.max(s.lastGate, at); // (c)
		s.leftUnconfirmed = false;
		return undefined;
	}

	d4_1_seen(kind, id) {
		if (this.off.has('D4')) return;
		const name = kind + ' ' + id;
		const news = this.s.places.filter((q) => this.given(q.id).evidence.includes(name) && !q.seen.includes(name));
		for (const q of news) q.seen = [...q.seen, name];
		const counting = news.filter((q) => !this.shut(q));
		for (const q of counting) for (const x of this.around(q.id)) x.far = 0;
		for (const q of counting) if (this.given(q.id).enterBy.includes(kind)) this.d4_3_begin(q, 'weak');
	}

	d4_2_lost(kind, id) { for (const x of this.s.places) x.seen = x.seen.filter((name) => name !== kind + ' ' + id); }

	d4_3_begin(q, by) {
		const { now } = this.s;
		if (q.by !== 'none') return;
		for (const x of this.around(q.id)) if (x.by === 'none') Object.assign(x, { by, since: now, anchor: now, end: now + this.maxStay(x.id), evidence: now, far: 0 });
		this.s.leftUnconfirmed = false;
	}

	d4_4_fix(fix) {
		const { now } = this.s;
		if (this.off.has('D4') || fix.mock || fix.accuracy < 1 || fix.accuracy > 100000000 || Math.abs(fix.lat) > 900000000 || Math.abs(fix.lon) > 1800000000) return;
		const facts = new Map(this.orders.places.filter((p) => p.area).map((p) => [p.id, fixFacts(p.area, fix)]));
		const isIn = (y) => facts.get(y.id)?.in ?? false;
		const out = (x, metres) => facts.get(x.id)?.out(metres) ?? false;
		const near = (x) => this.inside(x.id).some(isIn);
		const counts = (x) => this.inside(x.id).some((y) => !this.shut(y) && isIn(y));
		const gone = (x, metres) => facts.has(x.id) && out(x, metres) && !this.sight(x) && !near(x);
		if (!this.off.has('D5')) this.d5_leftWithoutTappingOut((x) => gone(x, 300)); // (a)
		for (const x of this.s.places.filter((p) => p.by === 'weak' && gone(p, 30))) for (const y of this.inside(x.id)) if (y.by === 'weak') this.ends(y); // (b)
		const counted = this.s.places.filter(counts); // (c)
		const delayed = this.s.places.filter((x) => x.lock !== 0 && near(x));
		for (const x of counted) x.evidence = now;
		for (const x of delayed) x.quiet = now;
		for (const q of this.s.places) if (isIn(q) && !this.shut(q) && this.given(q.id).enterBy.includes('area')) this.d4_3_begin(q, 'weak'); // (d)
	}

	d5_leftWithoutTappingOut(contrary) {
		const { now } = this.s;
		const left = [];
		for (const x of this.s.places) {
			if (x.by !== 'gate' || !this.given(x.id).leftUnconfirmed) continue;
			if (!contrary(x)) x.far = 0;
			else if (x.far === 0) x.far = now;
			else if (now - x.far >= 120) left.push(x);
		}
		for (const x of left) {
			this.report('left_unconfirmed', { place: x.id });
			for (const y of this.inside(x.id)) if (y.by !== 'none' && (y === x || this.given(y.id).leftUnconfirmed)) this.ends(y);
			this.s.leftUnconfirmed = true;
		}
	}

	d4_6_selfIn(id) {
		const x = this.of(id);
		if (!x) return this.report('unknown_place', { place: id, value: this.s.now });
		if (this.given(id)?.enterBy.includes('self') && x.by === 'none') this.d4_3_begin(x, 'self');
		return undefined;
	}

	d7_1_breakGlass() {
		const { s, orders } = this;
		if (s.bgUntil !== 0 || this.o1_restricted().length === 0) return undefined;
		if (orders.minutes === 0 || s.presses.length >= orders.perDay) return this.report('break_glass_refused', {}); // D7.2
		s.presses.push(s.now); // D7.3
		s.bgUntil = s.now + 60 * orders.minutes;
		return this.report('break_glass', { value: s.bgUntil });
	}

	d9_1_ordersChanged(orders) {
		const { s } = this;
		const accepted = s.serial === 0 || (orders.device === s.device && orders.serial > s.serial);
		if (!accepted && !this.off.has('D9')) return;
		if (this.off.has('D11')) { s.places = []; s.slots = [null, null]; }
		this.d11_2_take(orders);
	}

	d11_2_take(orders) {
		const { s } = this;
		const has = (id) => orders.places.some((p) => p.id === id);
		for (const x of s.places) if (!has(x.id) && x.by !== 'none') this.report('place_gone', { place: x.id }); // (a)
		s.places = orders.places.map((p) => s.places.find((x) => x.id === p.id) ?? emptyPlace(p.id));
		s.slots.forEach((slot, i) => { // (b)
			if (!slot || !has(slot.id)) return;
			Object.assign(s.places.find((x) => x.id === slot.id), { by: slot.by, since: slot.since, anchor: slot.anchor, end: slot.end });
			s.slots[i] = null;
		});
		this.orders = orders;
		for (const x of s.places) {
			x.seen = []; // (c)
			if (x.by !== 'none') x.end = Math.min(x.end, x.anchor + this.maxStay(x.id)); // (d) D6.4
		}
		s.device = orders.device; // (e)
		s.serial = orders.serial;
		s.expired = false;
		if (orders.release === null) { // (f) D7.8
			s.releaseAt = 0;
			s.releaseGiven = 0;
		} else if (cut(orders.release) !== s.releaseGiven) {
			s.releaseGiven = cut(orders.release);
			s.releaseAt = Math.min(s.releaseGiven, s.now);
		}
		if (orders.presence && orders.presence.seq > s.presenceSeq) { // (g)
			s.presenceSeq = orders.presence.seq;
			if (orders.presence.direction === 'in') this.d3_4_gateIn(orders.presence.place, orders.presence.at, true, undefined);
			else this.d3_5_gateOut(orders.presence.place, orders.presence.at);
		}
	}

	/* Output */
	rules() { // D13.5
		return [...this.orders.rules, ...this.s.slots.filter((g) => g).map((g) => {
			const c = this.credential(g);
			return { id: 'guest', place: g.id, windows: null, functions: c.functions, apps: c.apps, enforce: true, because: c.because, guest: true };
		})];
	}

	window(rule, t) { // the joined window that contains t; edges are half-open
		if (rule.windows === null || this.off.has('D1')) return { until: Infinity };
		return rule.windows.find((w) => w.from <= t && (this.off.has('D2') ? t <= w.until : t < w.until));
	}

	holds(rule) { return Boolean(this.window(rule, this.s.now)) && (rule.place === null || this.present(this.of(rule.place))); } // D1.1

	released() { // D7.7
		const { s } = this;
		return s.releaseAt !== 0 && s.lastGateIn <= s.releaseAt && s.now < s.releaseAt + 86400 && !this.off.has('D7');
	}

	functionsNow(rule) { // D1.2, D1.3, D7.5
		const { s } = this;
		if (s.expired || this.released() || !this.holds(rule)) return [];
		let list = rule.functions;
		if (!rule.guest && !this.off.has('D1')) {
			const exempt = this.orders.exemptions.filter((x) => x.from <= s.now && (this.off.has('D2') ? s.now <= x.until : s.now < x.until)).flatMap((x) => x.functions);
			list = list.filter((f) => !exempt.includes(f));
		}
		if (s.bgUntil !== 0 && !this.off.has('D7')) {
			const kept = s.places.filter((x) => this.present(x)).flatMap((x) => this.given(x.id).keep);
			list = list.filter((f) => kept.includes(f));
		}
		return list;
	}

	until(rule, t) {
		const place = rule.place === null ? Infinity : this.of(rule.place).end;
		return Math.min(this.window(rule, t).until, place);
	}

	o1_restricted() {
		const restricting = this.rules().filter((r) => r.enforce).map((r) => ({ r, functions: this.functionsNow(r) }));
		const list = [];
		for (const f of FUNCTIONS) {
			const why = restricting.filter((x) => x.functions.includes(f)).map(({ r }) => ({ r, until: this.until(r, this.s.now) }))
				.sort((a, b) => b.until - a.until || compareIds(a.r.id, b.r.id) || compareIds(a.r.place, b.r.place))[0];
			if (why) list.push({ because: why.r.because, function: f, place: why.r.place, rule: why.r.id, until: why.until });
		}
		return list;
	}

	o2_apps() {
		const names = this.rules().filter((r) => r.enforce && this.functionsNow(r).includes('apps')).flatMap((r) => r.apps);
		return [...new Set(names)].sort(compareIds);
	}

	o3_observed() {
		const all = this.rules().filter((r) => !r.enforce).flatMap((r) => this.functionsNow(r));
		return FUNCTIONS.filter((f) => all.includes(f));
	}

	o4_present() { return this.all().filter((x) => this.present(x)).map((x) => ({ anchor: x.anchor, by: x.by, end: x.end, place: x.id, since: x.since })); }

	o5_mayPass(present) {
		const { s } = this;
		const reasons = [['orders_expired', s.expired], ['released', this.released()], ['time_unverified', !this.auth], ['break_glass', s.bgUntil !== 0],
			['left_unconfirmed', s.leftUnconfirmed], ['absent', present.length === 0]];
		const why = reasons.find(([, holds]) => holds)?.[0] ?? null;
		return { ok: why === null, why };
	}

	o6_liftBy() {
		const restricting = this.rules().filter((r) => r.enforce && r.functions.length > 0);
		let t = this.s.now;
		for (;;) {
			const holding = restricting.filter((r) => this.window(r, t) && (r.place === null || (this.of(r.place).by !== 'none' && t < this.of(r.place).end)));
			if (holding.length === 0) break;
			const next = Math.max(...holding.map((r) => this.until(r, t)));
			if (!(next > t)) break; // only with a rule switched off
			t = next;
			if (t === Infinity) break; // only with a rule switched off
		}
		return t === this.s.now ? null : t;
	}

	answer() {
		const present = this.o4_present();
		return { apps: this.o2_apps(), lift_by: this.o6_liftBy(), may_pass: this.o5_mayPass(present), observed: this.o3_observed(), present, restricted: this.o1_restricted() };
	}

	o7_next(answer) {
		const { s } = this;
		const edges = [];
		for (const x of this.all()) {
			const place = this.given(x.id);
			if (x.by !== 'none') edges.push(x.end);
			if (place) edges.push(x.evidence + place.grace, x.evidence + place.selfStay, x.quiet + place.grace, x.lock);
		}
		for (const r of this.orders.rules) for (const w of r.windows ?? []) edges.push(w.from, w.until);
		for (const x of this.orders.exemptions) edges.push(x.from, x.until);
		edges.push(this.orders.expires, s.bgUntil, s.releaseAt + 86400);
		const same = JSON.stringify(answer);
		for (const t of [...new Set(edges)].filter((t) => t > s.now && t <= TMAX).sort((a, b) => a - b)) {
			const tick = { kind: 'tick', time: { utc: t, mono: (this.event.time.mono ?? 1000 * this.event.time.utc) + 1000 * (t - s.now), auth: this.auth } };
			const later = new Step(this.orders, this.guests, s, tick, this.off);
			later.d8_time();
			later.settle();
			if (JSON.stringify(later.answer()) !== same) return t;
		}
		return null;
	}

	output() {
		const answer = this.answer();
		const { apps, lift_by, may_pass, observed, present, restricted } = answer;
		return { apps, lift_by, may_pass, next: this.off.has('next') ? null : this.o7_next(answer), observed, present, reports: this.reports, restricted };
	}
}

/* A phone as a trace has it: the orders last taken, the credentials that slots use. */
export class Phone {
	constructor(orders) {
		this.orders = readOrders(orders);
		this.guests = [];
		this.state = emptyState();
	}

	copy() { return Object.assign(Object.create(Phone.prototype), this); } // a step changes no part of a phone, it makes new ones

	/* With rules switched off it is only a question: the phone stays as it is. */
	step(event, off = NOTHING_OFF) {
		if (event.kind === 'orders_changed' && whyRefused(event.orders)) return { error: true };
		const step = new Step(this.orders, this.guests, this.state, event, off);
		const { state, output } = step.run();
		if (off === NOTHING_OFF) {
			this.state = state;
			this.orders = step.orders;
			this.guests = step.guests.filter((g) => state.slots.some((slot) => slot && slot.id === g.place && slot.digest === g.digest));
		}
		return output;
	}
}
