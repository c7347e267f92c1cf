// SPDX-License-Identifier: Apache-2.0
// D12 of docs/spec/decision.md, as it is written, with integers that do not end.

const T = [
	1073741824, 1073626745, 1073281532, 1072706260, 1071901051, 1070866078, 1069601564, 1068107779, 1066385043, 1064433726,
	1062254245, 1059847069, 1057212713, 1054351742, 1051264768, 1047952454, 1044415510, 1040654694, 1036670812, 1032464718,
	1028037313, 1023389547, 1018522415, 1013436962, 1008134276, 1002615496, 996881803, 990934427, 984774643, 978403770,
	971823176, 965034269, 958038505, 950837385, 943432451, 935825290, 928017534, 920010856, 911806973, 903407641,
	894814663, 886029880, 877055175, 867892472, 858543735, 849010967, 839296212, 829401553, 819329111, 809081044,
	798659549, 788066860, 777305248, 766377019, 755284516, 744030116, 732616232, 721045311, 709319833, 697442311,
	685415291, 673241351, 660923100, 648463180, 635864261, 623129043, 610260256, 597260659, 584133038, 570880208,
	557505008, 544010306, 530398995, 516673991, 502838238, 488894701, 474846368, 460696252, 446447384, 432102819,
	417665633, 403138919, 388525792, 373829384, 359052844, 344199342, 329272059, 314274196, 299208969, 284079605,
	268889349, 253641455, 238339193, 222985843, 207584695, 192139051, 176652222, 161127528, 145568295, 129977859,
	114359563, 98716753, 83052783, 67371011, 51674798, 35967508, 20252508, 4533167, -11187145,
];
const K = 11659649n;

function cosine(lat) { // D12.1
	const a = Math.abs(lat);
	const i = Math.floor(a / 8388608);
	const r = a % 8388608;
	const fall = (BigInt(T[i] - T[i + 1]) * BigInt(r)) / 8388608n; // both are >= 0, so this is the floor
	return BigInt(T[i]) - fall;
}

const floorDiv = (a, b) => { // b > 0
	const q = a / b;
	return a % b < 0n ? q - 1n : q;
};
const scale = (d, k) => (d < 0n ? -1n : 1n) * (((d < 0n ? -d : d) * k) >> 20n);

function toPlane(area, [lat, lon]) { // D12.2
	const kx = floorDiv(K * cosine(area[0][0]), 1073741824n);
	let dlon = lon - area[0][1];
	if (dlon > 1800000000) dlon -= 3600000000;
	if (dlon < -1800000000) dlon += 3600000000;
	return { x: scale(BigInt(dlon), kx), y: scale(BigInt(lat - area[0][0]), K) };
}

function edges(points) {
	return points.map((a, i) => [a, points[(i + 1) % points.length]]);
}

const between = (v, a, b) => (a <= v && v <= b) || (b <= v && v <= a);

function inside(points, p) { // D12.4
	let crossings = 0;
	for (const [a, b] of edges(points)) {
		const c = (b.x - a.x) * (p.y - a.y) - (p.x - a.x) * (b.y - a.y);
		if (c === 0n && between(p.x, a.x, b.x) && between(p.y, a.y, b.y)) return true;
		if (a.y > p.y !== b.y > p.y && ((c > 0n && b.y > a.y) || (c < 0n && b.y < a.y))) crossings++;
	}
	return crossings % 2 === 1;
}

function further([a, b], p, far) { // D12.5
	const d = { x: b.x - a.x, y: b.y - a.y };
	const v = { x: p.x - a.x, y: p.y - a.y };
	const s = v.x * d.x + v.y * d.y;
	const length = d.x * d.x + d.y * d.y;
	if (s <= 0n) return v.x * v.x + v.y * v.y > far * far;
	if (s >= length) return (p.x - b.x) ** 2n + (p.y - b.y) ** 2n > far * far;
	return (v.x * d.y - v.y * d.x) ** 2n > far * far * length;
}

// D12.6: facts about one fix and one area.
export function fixFacts(area, fix) {
	const p = toPlane(area, [fix.lat, fix.lon]);
	const farAway = p.x > 1000000000n || p.x < -1000000000n || p.y > 1000000000n || p.y < -1000000000n; // D12.3
	if (farAway) return { in: false, out: () => true };
	const points = area.map((vertex) => toPlane(area, vertex));
	const isInside = inside(points, p);
	const beyond = (mm) => edges(points).every((edge) => further(edge, p, BigInt(mm)));
	return {
		in: isInside && beyond(fix.accuracy),
		out: (metres) => !isInside && beyond(fix.accuracy + metres * 1000),
	};
}
