/* SPDX-License-Identifier: MIT */
#include "stress/actor.h"

enum { STRIPE = 16 };

ATOMIC(bool) stop, failed;
char complaint[1000];
size_t threads = 4;

static pthread_mutex_t complaint_lock = PTHREAD_MUTEX_INITIALIZER;

void complain(const char *format, ...)
{
    pthread_mutex_lock(&complaint_lock);
    if (!atomic_load(&failed)) {
        va_list list;
        va_start(list, format);
        vsnprintf(complaint, sizeof complaint, format, list);
        va_end(list);
    }
    atomic_store(&failed, true);
    atomic_store(&stop, true);
    pthread_mutex_unlock(&complaint_lock);
}

static void expect_ok(ufo_status status, const char *what, const struct model *model)
{
    if (status != UFO_OK)
        complain("%s of model %d: %s: %s", what, model->number, ufo_status_string(status), ufo_last_error());
}

uint64_t next(struct actor *actor)
{
    actor->random = actor->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return actor->random >> 33;
}

static size_t owner(size_t element) { return element / STRIPE % threads; }

void wrong(const struct model *model, const void *bytes, size_t element, uint32_t oldest, uint32_t newest, const char *how)
{
    /* What it is instead says where to look. */
    size_t zeros = 0, first = model->element_size, last = 0;
    unsigned char expected[4096];
    model_bytes(model, element, newest, expected);
    for (size_t i = 0; i < model->element_size; i++) {
        zeros += ((const unsigned char *)bytes)[i] == 0;
        if (((const unsigned char *)bytes)[i] != expected[i]) {
            first = i < first ? i : first;
            last = i;
        }
    }
    complain("model %d (kind %d), element %zu of %zu: %s gave a value of none of the versions %u to %u; %zu zeros, the newest differs in [%zu, %zu]",
             model->number, (int)model->kind, element, model->count, how, oldest, newest, zeros, first, last);
}

/* ---- What an actor does, under the shared lock ---- */

void load(struct actor *actor, struct model *model, size_t first, size_t count)
{
    uint32_t words[1024];
    for (size_t element = first; element < first + count; element++) {
        uint32_t oldest = atomic_load(&model->done[element]);
        model_load(model, element, words);
        uint32_t newest = atomic_load(&model->begun[element]);
        if (!model_fits(model, words, element, oldest, newest))
            wrong(model, words, element, oldest, newest, "a load");
    }
    actor->checked += count;
}

static void read_by_call(struct actor *actor, struct model *model, size_t first, size_t count)
{
    uint32_t oldest[LONGEST];
    for (size_t i = 0; i < count; i++)
        oldest[i] = atomic_load(&model->done[first + i]);
    expect_ok(ufo_read(model->region, first, count, actor->block), "ufo_read", model);
    for (size_t i = 0; i < count && !atomic_load(&stop); i++) {
        uint32_t newest = atomic_load(&model->begun[first + i]);
        if (!model_fits(model, actor->block + i * model->element_size, first + i, oldest[i], newest))
            wrong(model, actor->block + i * model->element_size, first + i, oldest[i], newest, "ufo_read");
    }
    actor->checked += count;
}

/* A part of a stripe of the actor's own. */
void change(struct actor *actor, struct model *model, bool by_call)
{
    size_t stripes = (model->count + STRIPE - 1) / STRIPE;
    size_t stripe = next(actor) % stripes / threads * threads + actor->number;
    size_t first = stripe * STRIPE + next(actor) % STRIPE;
    if (first >= model->count || owner(first) != actor->number)
        return;
    size_t end = (stripe + 1) * STRIPE < model->count ? (stripe + 1) * STRIPE : model->count;
    size_t count = 1 + next(actor) % (end - first);
    for (size_t i = 0; i < count; i++) {
        uint32_t version = ++model->top[first + i];
        atomic_store(&model->begun[first + i], version);
        model_bytes(model, first + i, version, actor->block + i * model->element_size);
        if (!by_call) {
            model_store(model, first + i, actor->block + i * model->element_size);
            atomic_store(&model->done[first + i], version);
        }
    }
    if (by_call) {
        expect_ok(ufo_write(model->region, first, count, actor->block), "ufo_write", model);
        for (size_t i = 0; i < count; i++)
            atomic_store(&model->done[first + i], model->top[first + i]);
    }
    load(actor, model, first, count); /* its own elements: exactly this version */
}

static void pinned(struct actor *actor, struct model *model, size_t first, size_t count)
{
    count = count < model->chunk ? count : model->chunk; /* two chunks at most */
    expect_ok(ufo_pin(model->region, first, count), "ufo_pin", model);
    load(actor, model, first, count);
    if (next(actor) % 2)
        load(actor, model, first, count);
    expect_ok(ufo_unpin(model->region, first, count), "ufo_unpin", model);
}

/* ---- ... and what it does alone, under the exclusive lock ---- */

static void whole_chunks(const struct model *model, size_t *first, size_t *count)
{
    size_t end = (*first + *count + model->chunk - 1) / model->chunk * model->chunk;
    *first = *first / model->chunk * model->chunk;
    *count = (end < model->count ? end : model->count) - *first;
}

void flush_alone(struct model *model, size_t first, size_t count)
{
    uint32_t stored[1024];
    expect_ok(ufo_flush(model->region, first, count), "ufo_flush", model);
    for (size_t element = first; has_store(model) && element < first + count; element++) {
        uint32_t version = model->done[element];
        if (!model_stored(model, element, stored) || !model_fits(model, stored, element, version, version))
            wrong(model, stored, element, version, version, "the store after a flush");
        model->flushed[element] = version;
    }
}

/* What is in memory only is forgotten; the source's versions count again. */
static void reset_alone(struct actor *actor, struct model *model, size_t first, size_t count)
{
    uint32_t words[1024];
    whole_chunks(model, &first, &count);
    expect_ok(ufo_reset(model->region, first, count), "ufo_reset", model);
    for (size_t element = first; element < first + count; element++) {
        uint32_t version = 0;
        if (has_store(model)) {
            if (!model_stored(model, element, words))
                wrong(model, words, element, 0, 0, "the file");
            version = model->done[element];
            while (version > model->flushed[element] && !model_fits(model, words, element, version, version))
                version--;
        }
        model->begun[element] = model->done[element] = version;
    }
    load(actor, model, first, count);
}

void act(struct actor *actor, struct model *model)
{
    size_t longest = model->element_size > 1000 ? 8 : next(actor) % 8 ? 32 : LONGEST;
    size_t first = next(actor) % model->count;
    size_t count = 1 + next(actor) % longest;
    count = count < model->count - first ? count : model->count - first;
    unsigned choice = (unsigned)(next(actor) % 1000);
    if (choice >= 990) {
        pthread_rwlock_wrlock(&model->lock);
        if (choice >= 995)
            reset_alone(actor, model, first, count);
        else
            flush_alone(model, first, count);
        pthread_rwlock_unlock(&model->lock);
        return;
    }
    pthread_rwlock_rdlock(&model->lock);
    if (choice < 450 || (is_read_only(model) && choice < 700)) {
        load(actor, model, first, count);
    } else if (choice < 600) {
        change(actor, model, false);
    } else if (choice < 700) {
        change(actor, model, true);
    } else if (choice < 800) {
        read_by_call(actor, model, first, count);
    } else if (choice < 880) {
        pinned(actor, model, first, count);
    } else if (choice < 930) {
        ufo_status status = ufo_evict(model->region, first, count);
        if (status != UFO_ERR_PINNED)
            expect_ok(status, "ufo_evict", model);
    } else if (choice < 960) {
        expect_ok(ufo_flush(model->region, first, count), "ufo_flush", model);
    } else if (choice < 980) {
        expect_ok(ufo_touch(model->region, first, count), "ufo_touch", model);
    } else {
        expect_ok(ufo_advise(model->region, first, count, (ufo_advice)(next(actor) % 5)), "ufo_advise", model);
    }
    pthread_rwlock_unlock(&model->lock);
}
