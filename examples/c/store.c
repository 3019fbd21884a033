/* SPDX-License-Identifier: MIT */
/*
 * An array over a store of one's own: populate reads records, writeback writes them.
 *
 * The store is a file of accounts, a line of text for each; in memory an account is an int64_t.  The program pays five cents into
 * every hundredth account, through a plain pointer, and looks into the file afterwards.
 *
 *     store [ACCOUNTS]
 */
#define _POSIX_C_SOURCE 200809L
#include <ufomem/ufo.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FORMAT "%+019" PRId64 "\n"
enum { RECORD = 20, BATCH = 512, STEP = 100, OPENING = 1000, DEPOSIT = 5 };
enum { CANNOT_READ = 1, CANNOT_WRITE = 2, DAMAGED = 3 }; /* reach the program unchanged: ufo_last_callback_code() */

static int32_t load(void *user_data, size_t first, size_t count, void *out)
{
    const int file = *(const int *)user_data;
    char records[BATCH * RECORD];
    int64_t *balance = out;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < BATCH ? count - done : BATCH;
        if (pread(file, records, now * RECORD, (off_t)((first + done) * RECORD)) != (ssize_t)(now * RECORD))
            return CANNOT_READ;
        for (size_t i = 0; i < now; i++) {
            char *end = NULL;
            balance[done + i] = strtoll(records + i * RECORD, &end, 10);
            if (end != records + (i + 1) * RECORD - 1 || *end != '\n')
                return DAMAGED;
        }
        done += now;
    }
    return 0;
}

static int32_t save(void *user_data, size_t first, size_t count, const void *data)
{
    const int file = *(const int *)user_data;
    char records[BATCH * RECORD + 1];
    const int64_t *balance = data;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < BATCH ? count - done : BATCH;
        for (size_t i = 0; i < now; i++)
            snprintf(records + i * RECORD, RECORD + 1, FORMAT, balance[done + i]);
        if (pwrite(file, records, now * RECORD, (off_t)((first + done) * RECORD)) != (ssize_t)(now * RECORD))
            return CANNOT_WRITE;
        done += now;
    }
    return 0;
}

static int pay_in(int *file, size_t accounts)
{
    ufo_config *config = ufo_config_new();
    ufo *region = NULL;
    int ok = ufo_config_set_elements(config, accounts, sizeof(int64_t)) == UFO_OK &&
             ufo_config_set_populate(config, load, file, NULL) == UFO_OK &&
             ufo_config_set_writeback(config, save, file, NULL) == UFO_OK &&
             (region = ufo_new(NULL, config)) != NULL; /* NULL: in the core that every process has */
    if (ok) {
        int64_t *balance = ufo_data(region);
        for (size_t i = 0; i < accounts; i += STEP)
            balance[i] += DEPOSIT;
        ok = ufo_flush(region, 0, accounts) == UFO_OK; /* ufo_free() writes too, but could not say that it failed */
    }
    if (!ok)
        fprintf(stderr, "store: %s (code %" PRId32 ")\n", ufo_last_error(), ufo_last_callback_code());
    ufo_free(region);
    ufo_config_free(config);
    return ok;
}

/* What the file itself says, read without the array. */
static size_t wrong_accounts(FILE *store, size_t accounts)
{
    size_t wrong = 0;
    rewind(store);
    for (size_t i = 0; i < accounts; i++) {
        int64_t balance = 0;
        wrong += fscanf(store, "%" SCNd64, &balance) != 1 || balance != OPENING + (i % STEP == 0 ? DEPOSIT : 0);
    }
    return wrong;
}

int main(int argc, char **argv)
{
    const size_t accounts = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000 * 1000;
    FILE *store = tmpfile();
    if (store == NULL) {
        perror("store: tmpfile");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < accounts; i++)
        fprintf(store, FORMAT, (int64_t)OPENING);
    int ok = fflush(store) == 0;
    if (!ok)
        perror("store: the new file");

    int file = fileno(store);
    ok = ok && pay_in(&file, accounts);
    const size_t wrong = ok ? wrong_accounts(store, accounts) : 0;
    if (ok)
        printf("%zu accounts, %zu of them wrong\n", accounts, wrong);
    fclose(store);
    return ok && wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
