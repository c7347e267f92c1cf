// SPDX-License-Identifier: Apache-2.0
// Random lives of a phone, from a seed. Moments are biased towards edges: what the last answer named, one second
// before and after; ids, serials and sequences towards the few that matter.

import { Phone, whyRefused } from './decide.mjs';

export function random(seed) { // mulberry32: small, and the same everywhere
	let a = seed >>> 0;
	const next = () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	};
	const below = (n) => next() % n;
	return { below, chance: (p) => next() < p * 4294967296, pick: (list) => list[below(list.length)], between: (a_, b) => a_ + below(b - a_ + 1) };
}

const FUNCTIONS = ['camera', 'microphone', 'screen_capture', 'wifi', 'apps'];
const NAMES = ['a', 'b', 'ab', 'house', 'wing', 'yard'];
const GUESTS = ['inn', 'zoo', 'b1'];
const ELSEWHERE = ['moon'];
const BEACONS = ['k1', 'k2', 'k3'];
const BSSIDS = ['aa:bb:cc:dd:ee:01', 'aa:bb:cc:dd:ee:02'];
const APPS = ['x', 'y', 'org.z', 'é', '\u{1f600}', '\uff5e'];
const DEVICES = ['00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100'];
const DAY = 86400;
const HALF = 45000; // of an edge of an area: about 500 m of latitude
const SHIFT = 30000; // from one area to the next

const subset = (r, list, p) => list.filter(() => r.chance(p));
const shuffle = (r, list) => list.map((item) => [r.below(1000000), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);
const millimetres = (units) => Math.floor((units * 11659649) / 1048576); // of latitude, D12.2

function area(r, [lat, lon]) {
	const box = [[lat - HALF, lon - HALF], [lat - HALF, lon + HALF], [lat + HALF, lon + HALF], [lat + HALF, lon - HALF]];
	if (r.chance(0.1)) return [box[0], box[2], box[1], box[3]]; // crosses itself: even-odd all the same
	if (r.chance(0.1)) return box.slice(0, 3);
	return r.chance(0.3) ? [...box, box[0]] : box;
}

function makePlaces(r, site) {
	const ids = shuffle(r, subset(r, NAMES, 0.6));
	if (r.chance(0.15)) ids.push(r.pick(GUESTS)); // orders that know a guest place
	return shuffle(r, ids.map((id, i) => ({
		id, parent: i > 0 && r.chance(0.5) ? ids[r.below(i)] : null,
		max_stay: r.chance(0.3) ? r.pick([60, 600, 3600, 50400]) : null, grace: r.pick([0, 1, 30, 180, 180]), self_stay: r.pick([0, 60, 900]),
		enter_by: subset(r, ['gate', 'beacon', 'wifi', 'area', 'self'], 0.55), left_unconfirmed: r.chance(0.8),
		keep: r.chance(0.3) ? subset(r, FUNCTIONS, 0.4) : [], beacons: subset(r, BEACONS, 0.4), wifi: subset(r, BSSIDS, 0.4),
		area: r.chance(0.6) ? area(r, [site[0] + r.below(3) * SHIFT, site[1]]) : null,
	})));
}

function makeWindows(r, t) {
	const list = [];
	for (let i = r.below(4); i > 0; i--) {
		const from = t + r.pick([-3600, -600, -60, 0, 60, 120, 600, 1200, 7200]);
		list.push([from, from + r.pick([60, 60, 600, 3600, DAY])]);
	}
	return list;
}

function makeRule(r, t, id, places) {
	const place = places.length && r.chance(0.85) ? r.pick(places).id : null;
	const restrict = subset(r, FUNCTIONS, 0.4);
	return { id, place, windows: place === null || r.chance(0.4) ? makeWindows(r, t) : null, restrict,
		apps: restrict.includes('apps') ? subset(r, APPS, 0.5) : [], enforce: r.chance(0.8),
		because: r.chance(0.5) ? { kk: 'к' + id, ru: 'р', en: 'e' } : null };
}

function makeOrders(r, t, site, serial) {
	const places = makePlaces(r, site);
	const orders = {
		device: DEVICES[0], serial, issued: t, expires: t + r.pick([120, 7200, DAY * 35, DAY * 35, DAY * 35, DAY * 35, DAY * 35, DAY * 35]),
		release: r.chance(0.08) ? t + r.pick([-DAY - 1, -DAY, 1 - DAY, -60, 0, 0, 30]) : null,
		presence: null, lease: { max_stay: r.pick([600, 3600, 50400, 50400]) },
		break_glass: { minutes: r.pick([0, 1, 10, 10]), per_day: r.pick([0, 1, 2, 2, 8]) },
		places, rules: shuffle(r, Array.from({ length: r.between(1, 6) }, (_, i) => makeRule(r, t, 'r' + i, places))),
		exemptions: Array.from({ length: r.pick([0, 0, 0, 1, 2]) }, () => (
			{ functions: subset(r, FUNCTIONS, 0.6), from: t + r.pick([-600, 0, 60]), until: t + r.pick([61, 300, 7200]) })),
	};
	for (const thing of [orders, ...orders.places, ...orders.rules])
		for (const [key, value] of Object.entries(thing)) if (value === null && r.chance(0.3)) delete thing[key]; // what may be missing
	return orders;
}

/* Orders that must be refused as a whole, or (rarely) still are in order. */
function spoil(r, orders) {
	const place = orders.places[0];
	const rule = orders.rules[0];
	const ways = [
		() => orders.places.push(structuredClone(place)), () => orders.rules.push(structuredClone(rule)),
		() => { place.parent = place.id; }, () => { place.parent = 'moon'; }, () => { rule.place = 'moon'; },
		() => { rule.place = null; rule.windows = null; }, () => { rule.windows = [[orders.issued, orders.issued]]; },
		() => { rule.restrict = ['calls']; }, () => { rule.restrict = ['camera']; rule.apps = ['x']; },
		() => { place.area = [[0, 0], [0, 1]]; }, () => { place.area = [[0, 0], [0, 1], [10000001, 0]]; },
		() => { orders.serial = 0; }, () => { orders.lease = { max_stay: 0 }; }, () => { place.enter_by = ['door']; },
		() => { orders.places = Array.from({ length: 9 }, (_, i) => ({ ...place, id: 'p' + i, parent: null })); orders.rules = []; },
	];
	if (place) r.pick(ways)();
}

/* One life: {orders, events}, made while a phone lives it, so that edges can be aimed at. `live(phone, event)` gives its output. */
export function makeScenario(seed, nEvents, live) {
	const r = random(seed);
	const site = [r.pick([0, 511600000, -330000000, 899000000]), r.pick([0, 714300000, 1799900000, -1799900000])];
	let t = r.chance(0.02) ? r.pick([1, 4102444800 - 4000]) : 1790000000 + r.below(100000);
	let mono = r.below(100000);
	let auth = r.chance(0.8);
	let serial = 1;
	let seq = 0;
	const orders = makeOrders(r, t, site, serial);
	const phone = new Phone(orders);
	let current = orders;
	let lastOutput = null;
	let fixAt = 0;
	let planned = []; // what follows soon: [seconds later, event]
	const events = [];

	const somePlace = () => (r.chance(0.8) && current.places.length ? r.pick(current.places).id : r.pick([...NAMES, ...GUESTS, ...ELSEWHERE]));
	const someAt = () => r.pick([undefined, undefined, t, t - 5, t - 10, t - 11, t - 120, t + 30, 0]);

	function someEdge() {
		const edges = [...current.rules.flatMap((rule) => rule.windows ?? []).flat(), ...current.exemptions.flatMap((x) => [x.from, x.until]),
			...(lastOutput ? [lastOutput.next, lastOutput.lift_by, ...lastOutput.present.map((x) => x.end)] : [])].filter((edge) => edge > t);
		return edges.length ? r.pick(edges) : t;
	}

	function wait() {
		let dt = r.pick([0, 0, 1, 1, 2, 10, 29, 30, 60, 119, 120, 121, 180, 599, 600, 601, 900, 3600]);
		if (r.chance(0.01)) dt = r.pick([20000, DAY - 1, DAY]);
		if (lastOutput?.next && r.chance(0.3)) dt = Math.max(0, lastOutput.next - t + r.pick([-1, 0, 0, 0, 1]));
		else if (r.chance(0.3)) dt = Math.max(0, someEdge() - t + r.pick([-1, 0, 0, 0, 1]));
		return dt > 7200 && r.chance(0.9) ? r.below(300) : dt;
	}

	function clock() {
		if (r.chance(0.03)) t = Math.max(1, t + r.pick([-100000, -3600, -600, -30, -11, -10, -9, 11, 600, 90000]));
		if (r.chance(auth ? 0.03 : 0.2)) auth = !auth;
	}

	function fix(distance = r.pick([0, 0, 20000, 44999, HALF, 45001, 48000, 50000, 80000, 120000, 3000000, 200000000])) {
		if (r.chance(0.5)) fixAt = distance;
		const far = fixAt * r.pick([-1, 1]);
		const lat = site[0] + (r.chance(0.5) ? far : 0);
		let lon = site[1] + (r.chance(0.5) ? far : 0);
		if (Math.abs(lon) > 1800000000) lon -= Math.sign(lon) * 3600000000; // over the antimeridian
		const edge = millimetres(Math.abs(Math.abs(far) - HALF)) - r.pick([0, 30000, 300000]); // exactly, for one of the areas
		const accuracy = r.chance(0.3) ? Math.max(0, edge + r.pick([-1, 0, 1])) : r.pick([1, 5000, 10000, 30000, 100000, 0, 100000001]);
		return { kind: 'fix', lat: Math.min(lat, r.chance(0.01) ? 900000001 : 900000000), lon, accuracy: Math.min(accuracy, 2000000000), mock: r.chance(0.05) };
	}

	/* In by the gate, then far away without tapping out. */
	function walkAway() {
		const away = (lat) => ({ kind: 'fix', lat: site[0] - lat, lon: site[1], accuracy: r.pick([1, 10000, 10000, 100000]) });
		const lat = r.pick([80000, 120000, 300000, 3000000, 200000000]);
		planned = [[r.pick([0, 1, 60]), away(lat)], [r.pick([60, 119, 120, 121]), away(lat)], [r.pick([1, 60, 120]), away(lat)]];
		return { kind: 'gate_in', place: somePlace() };
	}

	/* Again when a press is given back: a day later. */
	function pressAgain() {
		planned = [[0, { kind: 'break_glass' }], [DAY - 700, { kind: 'gate_in', place: somePlace() }], [r.pick([699, 700, 701]), { kind: 'break_glass' }]];
		return { kind: 'gate_in', place: somePlace() };
	}

	function newOrders() {
		const kind = r.below(10);
		const device = kind === 0 ? DEVICES[1] : DEVICES[0];
		const number = kind === 1 ? serial : kind === 2 ? Math.max(1, serial - 1) : serial + r.between(1, 2);
		const made = { ...(r.chance(0.5) ? structuredClone(current) : makeOrders(r, t, site, number)), serial: number, device, issued: t };
		if (r.chance(0.3)) made.expires = t + r.pick([60, 3600, DAY * 35, DAY * 35]);
		if (r.chance(0.15)) made.release = r.chance(0.5) ? t : null;
		made.presence = null;
		if (r.chance(0.6)) {
			if (seq === 0 || r.chance(0.8)) seq++;
			made.presence = { seq, place: somePlace(), direction: r.pick(['in', 'in', 'out']), at: Math.max(1, someAt() ?? t) };
		}
		if (r.chance(0.1)) {
			spoil(r, made);
			if (whyRefused(made)) return { kind: 'orders_changed', orders: made };
		}
		if (kind > 2) [serial, current] = [number, made];
		return { kind: 'orders_changed', orders: made };
	}

	function guest() {
		const functions = subset(r, FUNCTIONS, 0.5);
		return { functions, apps: functions.includes('apps') ? subset(r, APPS, 0.3) : [], max_stay: r.pick([60, 3600, 50400]),
			because: r.chance(0.5) ? { kk: 'қ', ru: 'г', en: 'g' } : null };
	}

	const kinds = [
		[18, () => ({ kind: 'tick' })],
		[16, () => ({ kind: 'gate_in', place: somePlace(), at: someAt(), bound: r.chance(0.7) })],
		[6, () => ({ kind: 'gate_in', place: r.pick(GUESTS), at: someAt(), bound: r.chance(0.4), guest: guest() })],
		[4, walkAway],
		[1, pressAgain],
		[8, () => ({ kind: 'gate_out', place: r.chance(0.2) ? r.pick(GUESTS) : somePlace(), at: someAt() })],
		[5, () => ({ kind: 'self_in', place: somePlace() })],
		[9, () => ({ kind: 'beacon_seen', id: r.pick(BEACONS) })],
		[6, () => ({ kind: 'beacon_lost', id: r.pick(BEACONS) })],
		[5, () => ({ kind: 'wifi_seen', id: r.pick(BSSIDS) })],
		[4, () => ({ kind: 'wifi_lost', id: r.pick(BSSIDS) })],
		[12, fix],
		[9, newOrders],
		[2, () => ({ kind: 'boot' })],
		[1, () => ({ kind: 'clock_changed' })],
		[5, () => ({ kind: 'break_glass' })],
	];
	const total = kinds.reduce((sum, [weight]) => sum + weight, 0);

	/* How long, and then what. */
	function something() {
		if (planned.length && r.chance(0.8)) {
			const [dt, event] = planned.shift();
			return [dt, () => event];
		}
		let roll = r.below(total);
		return [wait(), kinds.find(([weight]) => (roll -= weight) < 0)[1]];
	}

	for (let i = 0; i < nEvents; i++) {
		const [dt, make] = something();
		t += dt;
		mono += dt * 1000;
		clock();
		const event = JSON.parse(JSON.stringify(make()));
		if (event.kind === 'boot' || r.chance(0.005)) mono = r.below(30000);
		mono += r.below(2) * r.below(1000);
		event.time = { utc: !auth && r.chance(0.2) ? r.pick([0, t - 1000, t + 1000]) : t, mono, auth };
		events.push(event);
		const output = live(phone, event);
		if (!output.error) lastOutput = output;
	}
	return { orders, events };
}
