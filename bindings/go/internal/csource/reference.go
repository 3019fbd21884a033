// SPDX-License-Identifier: MIT

package csource

/*
#cgo pkg-config: ufomem
#include <ufomem/ufo.h>
#include <stdlib.h>
#include <string.h>

static int32_t squares(void *user_data, size_t first, size_t count, void *out)
{
	(void)user_data;
	for (size_t i = 0; i < count; i++)
		((int64_t *)out)[i] = (int64_t)(first + i) * (int64_t)(first + i);
	return 0;
}

struct cold {
	ufo_core *core;
	ufo *region;
	size_t chunks, elements;
};

static void cold_free(struct cold *cold)
{
	ufo_core_free(cold->core);
	free(cold);
}

static struct cold *cold_new(size_t budget, size_t chunks, size_t elements)
{
	struct cold *cold = calloc(1, sizeof *cold);
	cold->chunks = chunks;
	cold->elements = elements;
	ufo_core_config *core_config = ufo_core_config_new();
	ufo_core_config_set_budget(core_config, budget);
	cold->core = ufo_core_new(core_config);
	ufo_core_config_free(core_config);
	ufo_config *config = ufo_config_new();
	ufo_config_set_elements(config, chunks * elements, sizeof(int64_t));
	ufo_config_set_chunk(config, elements);
	ufo_config_set_readahead(config, 0);
	ufo_config_set_populate(config, squares, NULL, NULL);
	ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER);
	cold->region = cold->core ? ufo_new(cold->core, config) : NULL;
	ufo_config_free(config);
	if (!cold->region || ufo_advise(cold->region, 0, chunks * elements, UFO_ADVICE_RANDOM) != UFO_OK ||
	    ufo_touch(cold->region, 0, chunks * elements / 2) != UFO_OK) {
		cold_free(cold);
		return NULL;
	}
	return cold;
}

static int cold_read(struct cold *cold, size_t times)
{
	for (size_t i = 0; i < times; i++) {
		int64_t element;
		if (ufo_read(cold->region, (i * 7919 + 1) % cold->chunks * cold->elements, 1, &element) != UFO_OK)
			return 0;
	}
	return 1;
}

static void copy_often(size_t times, size_t bytes)
{
	char *from = malloc(bytes), *to = malloc(bytes);
	memset(from, 1, bytes);
	memset(to, 1, bytes);
	for (size_t i = 0; i < times; i++) {
		memcpy(to, from, bytes);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
	free(from);
	free(to);
}
*/
import "C"

// Cold reads one element of one chunk after another that is not in memory, in C only: what the benchmarks of package lazy are compared with.
type Cold struct{ c *C.struct_cold }

// NewCold gives nil if it cannot be made.
func NewCold(budget, chunks, elements int) *Cold {
	c := C.cold_new(C.size_t(budget), C.size_t(chunks), C.size_t(elements))
	if c == nil {
		return nil
	}
	return &Cold{c}
}

// Read reads so many chunks; false on an error.
func (c *Cold) Read(times int) bool { return C.cold_read(c.c, C.size_t(times)) != 0 }

func (c *Cold) Free() { C.cold_free(c.c) }

// Memcpy copies so many bytes so many times.
func Memcpy(times, bytes int) { C.copy_often(C.size_t(times), C.size_t(bytes)) }
