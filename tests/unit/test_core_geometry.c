/* SPDX-License-Identifier: Apache-2.0 */
/* D12: integer geometry, at its edges. */
#include "core/internal.h"
#include "core_phone.h"

#include <math.h>

static struct bsg_place area;

static struct bsg_fix_class classify(int32_t lat, int32_t lon, int64_t accuracy_mm)
{
	int32_t cosine = bsg_cosine(area.area[0].lat), box[4];

	bsg_area_box(&area, cosine, box);
	return bsg_classify(&area, cosine, box, lat, lon, accuracy_mm);
}

static void D12_the_cosine_is_right_to_2_7e5_everywhere(void **state)
{
	double worst = 0;

	(void)state;
	for (int32_t lat = -900000000; lat <= 900000000 - 7919; lat += 7919) {
		double error = fabs((double)bsg_cosine(lat) / 1073741824.0 - cos(lat * 1e-7 * M_PI / 180));

		worst = error > worst ? error : worst;
	}
	assert_true(worst < 2.7e-5);
	assert_int_equal(bsg_cosine(0), 1 << 30);
	assert_int_equal(bsg_cosine(900000000), 49);
	assert_int_equal(bsg_cosine(-900000000), 49);
}

static void D12_inside_needs_more_than_the_accuracy_to_every_edge(void **state)
{
	(void)state;
	square(&area, 0, 0, 1000);	/* 22.239 m, the first vertex at -1000, -1000 */
	assert_true(classify(0, 0, 11118).inside);
	assert_true(classify(0, 0, 11119 - 1).inside);
	assert_false(classify(0, 0, 11120).inside);
	assert_false(classify(-1000, 0, 1).inside);	/* on an edge */
	assert_false(classify(-1000, 0, 1).out_near);
	assert_false(classify(-1001, 0, 1).inside);
}

static void D12_distance_to_the_other_side_is_exact_to_a_millimetre(void **state)
{
	/* The top edge lies at floor(2000 * 11119.508 / 1000) = 22239 mm; 100 units above it is 23350 mm. */
	(void)state;
	square(&area, 0, 0, 1000);
	assert_true(classify(3698, 0, 1).out_near == false);
	for (int32_t units = 1; units < 6000; units += 7) {
		int64_t top = 2000 * INT64_C(11659649) >> 20, y = (2000 + units) * INT64_C(11659649) >> 20;

		assert_int_equal(classify(1000 + units, 0, 1).out_near, y - top > 30001);
		assert_int_equal(classify(1000 + units, 0, 20).out_near, y - top > 30020);
	}
}

static void D12_corners_are_measured_round(void **state)
{
	(void)state;
	square(&area, 0, 0, 1000);
	/* 2000 units beyond the corner both ways are 31.45 m; each way alone is 22.24 m. */
	assert_true(classify(3000, 3000, 1).out_near);
	assert_false(classify(3000, 0, 1).out_near);
	assert_false(classify(2900, 2900, 1).out_near);	/* 29.9 m */
}

static void D12_slanted_edges_use_the_exact_cross_product(void **state)
{
	(void)state;
	/* A triangle of 111 m legs; the middle of the long side, moved off it at a right angle. */
	area = (struct bsg_place){ .n_vertices = 3 };
	area.area[0] = (struct bsg_vertex){ 0, 0 };
	area.area[1] = (struct bsg_vertex){ 0, 10000 };
	area.area[2] = (struct bsg_vertex){ 10000, 0 };
	for (int32_t off = 1; off < 4000; off++) {
		int64_t mm = (5000 + off) * INT64_C(11659649) >> 20;
		/* distance of (mm, mm) from x + y = leg is (2 mm - leg) / sqrt 2 */
		int64_t leg = 10000 * INT64_C(11659649) >> 20, d2 = (2 * mm - leg) * (2 * mm - leg);

		assert_int_equal(classify(5000 + off, 5000 + off, 1).out_near,
				 d2 > 2 * INT64_C(30001) * 30001);
	}
	assert_false(classify(5000, 5000, 1).inside);
	assert_true(classify(2500, 2500, 1).inside);
}

static void D12_concave_areas_and_repeated_first_vertices_work(void **state)
{
	/* A U: two towers of 100 m with a yard of 100 m between them. */
	static const struct bsg_vertex u[] = { { 0, 0 }, { 0, 27000 }, { 20000, 27000 }, { 20000, 18000 },
		{ 9000, 18000 }, { 9000, 9000 }, { 20000, 9000 }, { 20000, 0 }, { 0, 0 } };

	(void)state;
	area = (struct bsg_place){ .n_vertices = 9 };
	memcpy(area.area, u, sizeof(u));
	assert_true(classify(15000, 4500, 10000).inside);
	assert_true(classify(15000, 22000, 10000).inside);
	assert_false(classify(15000, 13500, 10000).inside);
	assert_true(classify(17000, 13500, 10000).out_near);
	assert_false(classify(9000, 13500, 10).inside);
	assert_false(classify(0, 0, 1).out_near);
}

static void D12_the_antimeridian_is_crossed_by_fixes(void **state)
{
	(void)state;
	square(&area, 0, 1799998000, 1500);
	assert_true(classify(0, 1799998000, 1000).inside);
	assert_false(classify(0, -1799999000, 1000).out_near);	/* 27 m further east */
	assert_true(classify(0, -1799900000, 1000).out_far);
	assert_true(classify(0, 0, 1000).out_far);
	square(&area, 0, -1799998000, 1500);
	assert_true(classify(0, -1799998000, 1000).inside);
	assert_false(classify(0, 1799999000, 1000).out_near);	/* 17 m further west */
	assert_true(classify(0, 1799900000, 1000).out_far);
}

static void D12_far_away_is_outside_by_more_than_anything(void **state)
{
	(void)state;
	square(&area, 511200000, 714200000, 10000);
	assert_true(classify(-900000000, -1800000000, 100000000).out_far);
	assert_true(classify(511200000, 714200000 + 150000000, 100000000).out_far);
	assert_false(classify(511200000, 714200000 + 10000000, 100000000).out_near);	/* 70 km off, known to 100 km */
}

static void D12_longitude_shrinks_with_latitude(void **state)
{
	(void)state;
	square(&area, 600000000, 0, 10000);
	/* At 60 degrees a unit of longitude is 5.56 mm: 5000 units are 27.8 m, 6000 are 33.4 m. */
	assert_false(classify(600000000, 15000, 1).out_near);
	assert_true(classify(600000000, 16000, 1).out_near);
	assert_false(classify(600012500, 0, 1).out_near);
	assert_true(classify(600013000, 0, 1).out_near);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D12_the_cosine_is_right_to_2_7e5_everywhere),
		cmocka_unit_test(D12_inside_needs_more_than_the_accuracy_to_every_edge),
		cmocka_unit_test(D12_distance_to_the_other_side_is_exact_to_a_millimetre),
		cmocka_unit_test(D12_corners_are_measured_round),
		cmocka_unit_test(D12_slanted_edges_use_the_exact_cross_product),
		cmocka_unit_test(D12_concave_areas_and_repeated_first_vertices_work),
		cmocka_unit_test(D12_the_antimeridian_is_crossed_by_fixes),
		cmocka_unit_test(D12_far_away_is_outside_by_more_than_anything),
		cmocka_unit_test(D12_longitude_shrinks_with_latitude),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
