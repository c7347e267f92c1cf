/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D12: where a fix lies beside an area. Integers only, so that every platform says
 * the same; no division, so that armv7a needs no helper.
 */
#include "core/internal.h"

#define STEP_BITS 23		/* the table has a cosine each 2^23 units of 1e-7 degrees */
#define SCALE INT64_C(11659649)	/* mm per unit of latitude, times 2^20 */
#define SCALE_BITS 20
#define NEAR_MARGIN_MM 30000
#define FAR_MARGIN_MM 300000
#define TURN INT64_C(3600000000)

/* round(2^30 cos(i * 2^23 * 1e-7 degrees)). Between two of them a straight line is off by less than 2.7e-5. */
static const int32_t cosines[] = {
	1073741824, 1073626745, 1073281532, 1072706260, 1071901051, 1070866078, 1069601564, 1068107779,
	1066385043, 1064433726, 1062254245, 1059847069, 1057212713, 1054351742, 1051264768, 1047952454,
	1044415510, 1040654694, 1036670812, 1032464718, 1028037313, 1023389547, 1018522415, 1013436962,
	1008134276, 1002615496, 996881803, 990934427, 984774643, 978403770, 971823176, 965034269,
	958038505, 950837385, 943432451, 935825290, 928017534, 920010856, 911806973, 903407641,
	894814663, 886029880, 877055175, 867892472, 858543735, 849010967, 839296212, 829401553,
	819329111, 809081044, 798659549, 788066860, 777305248, 766377019, 755284516, 744030116,
	732616232, 721045311, 709319833, 697442311, 685415291, 673241351, 660923100, 648463180,
	635864261, 623129043, 610260256, 597260659, 584133038, 570880208, 557505008, 544010306,
	530398995, 516673991, 502838238, 488894701, 474846368, 460696252, 446447384, 432102819,
	417665633, 403138919, 388525792, 373829384, 359052844, 344199342, 329272059, 314274196,
	299208969, 284079605, 268889349, 253641455, 238339193, 222985843, 207584695, 192139051,
	176652222, 161127528, 145568295, 129977859, 114359563, 98716753, 83052783, 67371011,
	51674798, 35967508, 20252508, 4533167, -11187145,
};

struct point {
	int64_t x, y;	/* mm */
};

int32_t bsg_cosine(int32_t lat)
{
	uint32_t a = lat < 0 ? (uint32_t)-lat : (uint32_t)lat;
	uint32_t i = a >> STEP_BITS;
	uint64_t rest = a & ((UINT32_C(1) << STEP_BITS) - 1);
	uint64_t fall = (uint64_t)(uint32_t)(cosines[i] - cosines[i + 1]);

	return cosines[i] - (int32_t)(fall * rest >> STEP_BITS);
}

static int64_t scaled(int64_t units, int64_t scale)
{
	int64_t size = units < 0 ? -units : units;
	int64_t mm = (int64_t)((uint64_t)(size * scale) >> SCALE_BITS);

	return units < 0 ? -mm : mm;
}

static struct point to_plane(const struct bsg_vertex *origin, int64_t scale_x, int32_t lat, int32_t lon)
{
	int64_t dlon = (int64_t)lon - origin->lon;

	if (dlon > TURN / 2)
		dlon -= TURN;
	else if (dlon < -(TURN / 2))
		dlon += TURN;
	return (struct point){ .x = scaled(dlon, scale_x), .y = scaled((int64_t)lat - origin->lat, SCALE) };
}

static int64_t scale_of(int32_t cosine)
{
	return (int64_t)((uint64_t)(SCALE * cosine) >> 30);
}

void bsg_area_box(const struct bsg_place *place, int32_t cosine, int32_t box[4])
{
	box[0] = box[1] = box[2] = box[3] = 0;	/* the first vertex */
	for (size_t i = 0; i < place->n_vertices; i++) {
		struct point p = to_plane(&place->area[0], scale_of(cosine), place->area[i].lat,
					  place->area[i].lon);

		box[0] = (int32_t)bsg_least(box[0], p.x);
		box[1] = (int32_t)bsg_least(box[1], p.y);
		box[2] = (int32_t)bsg_most(box[2], p.x);
		box[3] = (int32_t)bsg_most(box[3], p.y);
	}
}

/* a * b as 128 bits, from four products of 32 bits. */
struct wide {
	uint64_t high, low;
};

static struct wide times(uint64_t a, uint64_t b)
{
	uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX, bh = b >> 32;
	uint64_t low = al * bl, mid = ah * bl + (low >> 32), mid2 = al * bh + (mid & UINT32_MAX);

	return (struct wide){ .high = ah * bh + (mid >> 32) + (mid2 >> 32),
			      .low = mid2 << 32 | (low & UINT32_MAX) };
}

static bool greater(struct wide a, struct wide b)
{
	return a.high != b.high ? a.high > b.high : a.low > b.low;
}

/* D12.5. Areas span a degree and the box test keeps fixes near them: every sum stays far below 2^62. */
static bool further(struct point a, struct point b, struct point p, int64_t distance)
{
	struct point d = { b.x - a.x, b.y - a.y }, v = { p.x - a.x, p.y - a.y };
	int64_t along = v.x * d.x + v.y * d.y, length2 = d.x * d.x + d.y * d.y;
	int64_t cross;

	if (along <= 0)
		return v.x * v.x + v.y * v.y > distance * distance;
	if (along >= length2) {
		v = (struct point){ p.x - b.x, p.y - b.y };
		return v.x * v.x + v.y * v.y > distance * distance;
	}
	cross = v.x * d.y - v.y * d.x;
	if (cross < 0)
		cross = -cross;
	return greater(times((uint64_t)cross, (uint64_t)cross),
		       times((uint64_t)(distance * distance), (uint64_t)length2));
}

static bool between(int64_t v, int64_t a, int64_t b)
{
	return a < b ? a <= v && v <= b : b <= v && v <= a;
}

/* What one edge says. */
struct edge_class {
	bool on, crossed;
};

static struct edge_class beside(struct point a, struct point b, struct point p)
{
	int64_t c = (b.x - a.x) * (p.y - a.y) - (p.x - a.x) * (b.y - a.y);
	struct edge_class class = { .on = c == 0 && between(p.x, a.x, b.x) && between(p.y, a.y, b.y) };

	if ((a.y > p.y) != (b.y > p.y))
		class.crossed = b.y > a.y ? c > 0 : c < 0;
	return class;
}

static bool beyond_box(const int32_t box[4], struct point p, int64_t distance)
{
	return p.x < box[0] - distance || p.x > box[2] + distance ||
	       p.y < box[1] - distance || p.y > box[3] + distance;
}

static struct point corner(const struct bsg_place *place, int64_t scale_x, size_t i)
{
	return to_plane(&place->area[0], scale_x, place->area[i].lat, place->area[i].lon);
}

static bool is_inside(const struct bsg_place *place, int64_t scale_x, struct point p)
{
	struct point a = corner(place, scale_x, place->n_vertices - 1), b;
	bool inside = false;

	for (size_t i = 0; i < place->n_vertices; i++, a = b) {
		struct edge_class edge;

		b = corner(place, scale_x, i);
		edge = beside(a, b, p);
		if (edge.on)
			return true;
		inside = inside != edge.crossed;
	}
	return inside;
}

static bool further_from_all(const struct bsg_place *place, int64_t scale_x, struct point p, int64_t distance)
{
	struct point a = corner(place, scale_x, place->n_vertices - 1), b;

	for (size_t i = 0; i < place->n_vertices; i++, a = b) {
		b = corner(place, scale_x, i);
		if (!further(a, b, p, distance))
			return false;
	}
	return true;
}

struct bsg_fix_class bsg_classify(const struct bsg_place *place, int32_t cosine, const int32_t box[4],
				  int32_t lat, int32_t lon, int64_t accuracy_mm)
{
	struct bsg_fix_class class = { .inside = false, .out_near = true, .out_far = true };
	int64_t scale_x = scale_of(cosine);
	struct point p = to_plane(&place->area[0], scale_x, lat, lon);

	if (beyond_box(box, p, accuracy_mm + FAR_MARGIN_MM))
		return class;
	if (is_inside(place, scale_x, p)) {
		class.inside = further_from_all(place, scale_x, p, accuracy_mm);
		class.out_near = class.out_far = false;
		return class;
	}
	class.out_near = further_from_all(place, scale_x, p, accuracy_mm + NEAR_MARGIN_MM);
	class.out_far = class.out_near && further_from_all(place, scale_x, p, accuracy_mm + FAR_MARGIN_MM);
	return class;
}
