/* A team of threads for the time of one call: they sleep between calls and spin only within one. */

#ifndef DRILLYARD_THREADS_H
#define DRILLYARD_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { MOST_THREADS = 64, PATIENCE = 4000 };

typedef void Job(void *what, int me, int of);

static struct {
    pthread_mutex_t door, lock; /* who calls; what is told to the others */
    pthread_cond_t begin;
    int started, wanted; /* threads that exist beside the caller, and how many of them the present job wants */
    uint64_t round;
    Job *job;
    void *what;
    atomic_int running, arrived, gate;
} team = {.door = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .begin = PTHREAD_COND_INITIALIZER};

static inline void pause_a_moment(int turn) {
    if (turn > PATIENCE) {
        sched_yield(); /* somebody else needs the processor that we wait on */
        return;
    }
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Wait until all threads of the present job are here. */
static void meet(int of) {
    if (of == 1) return;
    int gate = atomic_load_explicit(&team.gate, memory_order_acquire);
    if (atomic_fetch_add_explicit(&team.arrived, 1, memory_order_acq_rel) == of - 1) {
        atomic_store_explicit(&team.arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team.gate, gate + 1, memory_order_release);
    } else
        for (int turn = 0; atomic_load_explicit(&team.gate, memory_order_acquire) == gate; turn++)
            pause_a_moment(turn);
}

static void *member(void *number) {
    int me = (int)(intptr_t)number;
    uint64_t seen = 0;
    pthread_mutex_lock(&team.lock);
    for (;;) {
        while (team.round == seen || me > team.wanted) {
            seen = team.round;
            pthread_cond_wait(&team.begin, &team.lock);
        }
        seen = team.round;
        Job *job = team.job;
        void *what = team.what;
        int of = team.wanted + 1;
        pthread_mutex_unlock(&team.lock);
        job(what, me, of);
        atomic_fetch_sub_explicit(&team.running, 1, memory_order_release);
        pthread_mutex_lock(&team.lock);
    }
    return 0;
}

/* A child process has none of its parent's threads. */
static void forget(void) {
    pthread_mutex_init(&team.door, 0);
    pthread_mutex_init(&team.lock, 0);
    pthread_cond_init(&team.begin, 0);
    team.started = team.wanted = 0;
    atomic_store(&team.running, 0);
    atomic_store(&team.arrived, 0);
}

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(0, 0, forget); }

/* Run a job on so many threads, this one included; on this one alone while another call has the team. */
static void together(int threads, Job *job, void *what) {
    threads = threads > MOST_THREADS ? MOST_THREADS : threads;
    if (threads < 2 || pthread_mutex_trylock(&team.door)) {
        job(what, 0, 1);
        return;
    }
    pthread_mutex_lock(&team.lock);
    for (pthread_t thread; team.started < threads - 1; team.started++) {
        pthread_attr_t apart;
        pthread_attr_init(&apart);
        pthread_attr_setdetachstate(&apart, PTHREAD_CREATE_DETACHED);
        int failed = pthread_create(&thread, &apart, member, (void *)(intptr_t)(team.started + 1));
        pthread_attr_destroy(&apart);
        if (failed) break;
    }
    team.wanted = threads - 1 < team.started ? threads - 1 : team.started;
    team.job = job;
    team.what = what;
    team.round++;
    int of = team.wanted + 1;
    atomic_store(&team.running, team.wanted);
    pthread_cond_broadcast(&team.begin);
    pthread_mutex_unlock(&team.lock);
    job(what, 0, of);
    for (int turn = 0; atomic_load_explicit(&team.running, memory_order_acquire) > 0; turn++) pause_a_moment(turn);
    pthread_mutex_unlock(&team.door);
}

#endif
