/* Counts the bytes that a process holds, in front of the C library's allocator, whoever asks: NumPy, PyTorch, Python.

   Loaded by LD_PRELOAD. A block counts with what the allocator really sets aside for it; memory that is mapped anonymously
   and may be written counts as well. `counter_*` is what counter.py calls. For glibc, whose allocator has second names.

   With labels, each block of at least LEAST bytes is remembered with the label that was set when it was allocated, and
   at each new peak the sums by label are copied. */

#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

#define LABELS 4096
#define LEAST 256
#define SLOTS (1u << 20) /* a power of two; blocks beyond three quarters of it are not remembered */
#define MAPPINGS 4096

static atomic_llong live, peak;
static atomic_int label, labelling;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long sums[LABELS], sums_at_peak[LABELS], copied_at;
static int label_at_peak;
static struct slot { uintptr_t address; int32_t label; } slots[SLOTS];
static unsigned used;

/* --- blocks and their labels: open addressing, linear probing ---------------------------------------------------- */

static unsigned home(uintptr_t address) { return (unsigned)((address >> 4) * 0x9E3779B97F4A7C15ull >> 32) & (SLOTS - 1); }

static void remember(uintptr_t address, size_t bytes) {
    if (used > SLOTS / 4 * 3) return;
    unsigned i = home(address);
    while (slots[i].address) i = (i + 1) & (SLOTS - 1);
    slots[i].address = address, slots[i].label = atomic_load(&label);
    sums[slots[i].label] += bytes;
    used++;
}

static void forget(uintptr_t address, size_t bytes) {
    unsigned i = home(address);
    while (slots[i].address && slots[i].address != address) i = (i + 1) & (SLOTS - 1);
    if (!slots[i].address) return;
    sums[slots[i].label] -= bytes;
    used--;
    for (unsigned j = (i + 1) & (SLOTS - 1); slots[j].address; j = (j + 1) & (SLOTS - 1)) {
        unsigned at = home(slots[j].address); /* move back what probed past the gap */
        if (((j - at) & (SLOTS - 1)) >= ((j - i) & (SLOTS - 1))) slots[i] = slots[j], i = j;
    }
    slots[i].address = 0;
}

/* --- counting ------------------------------------------------------------------------------------------------------ */

static void grow(void *block, size_t bytes) {
    long long now = atomic_fetch_add(&live, (long long)bytes) + (long long)bytes;
    long long most = atomic_load(&peak);
    int higher = 0;
    while (now > most && !(higher = atomic_compare_exchange_weak(&peak, &most, now))) {}
    if (atomic_load(&labelling) && bytes >= LEAST) {
        pthread_mutex_lock(&lock);
        remember((uintptr_t)block, bytes);
        if (higher && now > copied_at) {
            memcpy(sums_at_peak, sums, sizeof sums);
            copied_at = now, label_at_peak = atomic_load(&label);
        }
        pthread_mutex_unlock(&lock);
    }
}

static void shrink(void *block, size_t bytes) {
    atomic_fetch_sub(&live, (long long)bytes);
    if (atomic_load(&labelling) && bytes >= LEAST) {
        pthread_mutex_lock(&lock);
        forget((uintptr_t)block, bytes);
        pthread_mutex_unlock(&lock);
    }
}

static void *counted(void *block) {
    if (block) grow(block, malloc_usable_size(block));
    return block;
}

void *malloc(size_t bytes) { return counted(__libc_malloc(bytes)); }
void *calloc(size_t count, size_t bytes) { return counted(__libc_calloc(count, bytes)); }
void *memalign(size_t alignment, size_t bytes) { return counted(__libc_memalign(alignment, bytes)); }
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
void *valloc(size_t bytes) { return memalign((size_t)sysconf(_SC_PAGESIZE), bytes); }

int posix_memalign(void **result, size_t alignment, size_t bytes) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
    void *block = memalign(alignment, bytes);
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

void free(void *block) {
    int before = errno;
    if (block) shrink(block, malloc_usable_size(block));
    __libc_free(block);
    errno = before;
}

void *realloc(void *block, size_t bytes) {
    size_t old = block ? malloc_usable_size(block) : 0;
    if (block) shrink(block, old);
    void *moved = __libc_realloc(block, bytes);
    if (moved) grow(moved, malloc_usable_size(moved));
    else if (block && bytes) grow(block, old); /* it failed: the old block is still there */
    return moved;
}

/* --- memory that is mapped ----------------------------------------------------------------------------------------- */

static struct { uintptr_t first, last; } mappings[MAPPINGS];
static pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER;

void *mmap(void *where, size_t bytes, int protection, int flags, int file, off_t offset) {
    void *found = (void *)syscall(SYS_mmap, where, bytes, protection, flags, file, offset);
    if (found != MAP_FAILED && flags & MAP_ANONYMOUS && protection & PROT_WRITE && !(flags & MAP_FIXED)) {
        pthread_mutex_lock(&map_lock);
        for (int i = 0; i < MAPPINGS; i++)
            if (!mappings[i].first) {
                mappings[i].first = (uintptr_t)found, mappings[i].last = (uintptr_t)found + bytes;
                grow(found, bytes);
                break;
            }
        pthread_mutex_unlock(&map_lock);
    }
    return found;
}

void *mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset) {
    return mmap(where, bytes, protection, flags, file, offset);
}

int munmap(void *where, size_t bytes) {
    uintptr_t first = (uintptr_t)where, last = first + bytes;
    pthread_mutex_lock(&map_lock);
    for (int i = 0; i < MAPPINGS; i++)
        if (mappings[i].first && mappings[i].first < last && first < mappings[i].last) {
            uintptr_t from = first > mappings[i].first ? first : mappings[i].first;
            uintptr_t to = last < mappings[i].last ? last : mappings[i].last;
            atomic_fetch_sub(&live, (long long)(to - from)); /* of the edges only; a hole in the middle ends there */
            if (from == mappings[i].first) mappings[i].first = to;
            else mappings[i].last = from;
            if (mappings[i].first >= mappings[i].last) mappings[i].first = 0;
        }
    pthread_mutex_unlock(&map_lock);
    return (int)syscall(SYS_munmap, where, bytes);
}

/* --- what is asked from Python ------------------------------------------------------------------------------------- */

long long counter_live(void) { return atomic_load(&live); }
long long counter_peak(void) { return atomic_load(&peak); }

void counter_begin(int with_labels) {
    pthread_mutex_lock(&lock);
    memset(slots, 0, sizeof slots), memset(sums, 0, sizeof sums), memset(sums_at_peak, 0, sizeof sums_at_peak);
    used = 0, copied_at = 0;
    pthread_mutex_unlock(&lock);
    atomic_store(&peak, atomic_load(&live));
    atomic_store(&labelling, with_labels);
}

void counter_label(int number) { atomic_store(&label, number < LABELS ? number : 0); }
int counter_label_at_peak(void) { return label_at_peak; }
long long counter_sum_at_peak(int number) { return sums_at_peak[number]; }
