/* The forward pass of a Llama model on the CPU, and the loop that draws tokens from it.

   A row's results depend on that row alone, to the last bit: sums have a fixed order, whatever is computed beside them,
   on however many threads, and wherever the shared prefix ends. */

#ifndef DRILLYARD_FORWARD_H
#define DRILLYARD_FORWARD_H

#include "model.h"
#include "threads.h"

enum { CHUNK = 72 }; /* most tokens that pass through the layers together; a multiple of TALL, small enough for caches */

typedef struct {
    int64_t id, row, at; /* the token, its row of the cache, its place among the row's own tokens */
    int64_t out;         /* where its output goes, or -1 */
} Token;

/* What one thread, or one team of threads, computes in. */
typedef struct {
    float *x, *normed, *query, *pairs, *seen, *inner, *scores, *logits;
    double *upto; /* twice the vocabulary, for drawing */
} Desk;

typedef struct {
    int me, of; /* which share of each product is this thread's */
} Share;

static int64_t share(int64_t all, int me, int of) { return all * me / of; }

/* ---- memory that a thread keeps from call to call ---- */

static pthread_key_t kept;
static pthread_once_t once = PTHREAD_ONCE_INIT;
typedef struct {
    size_t bytes;
    char pad[56];
} Kept; /* stands before the memory itself, so that this stays on cache lines of its own */

static void make_key(void) { pthread_key_create(&kept, free); }

static float *memory(size_t floats) {
    pthread_once(&once, make_key);
    Kept *have = pthread_getspecific(kept);
    size_t bytes = floats * 4 + sizeof(Kept);
    if (!have || have->bytes < bytes) {
        void *more = 0;
        if (posix_memalign(&more, 64, bytes)) return 0;
        free(have);
        have = more;
        have->bytes = bytes;
        memset(have + 1, 0, floats * 4);
        pthread_setspecific(kept, have);
    }
    return (float *)(have + 1);
}

/* Lay a desk out; `longest` is the most tokens that one query attends to. */
static int set_desk(Desk *d, const Model *m, int64_t longest) {
    int64_t parts[] = {m->row, m->row, m->query_row, m->pair_row, m->query_row, m->inner}, sum = 0;
    for (int i = 0; i < 6; i++) sum += parts[i];
    int64_t scores = up_to(longest + 2 * BLOCK, PANEL), head = m->head.panels * PANEL;
    float *at = memory((size_t)(CHUNK * (sum + head) + scores + 4 * m->vocabulary));
    if (!at) return 0;
    float **places[] = {&d->x, &d->normed, &d->query, &d->pairs, &d->seen, &d->inner};
    for (int i = 0; i < 6; i++) {
        *places[i] = at;
        at += CHUNK * parts[i];
    }
    d->logits = at;
    d->scores = at + CHUNK * head;
    d->upto = (double *)(d->scores + scores);
    return 1;
}

/* ---- attention ---- */

/* Scores of one query against `count` tokens; writes whole blocks. */
INLINE void scores_of(const float *query, const float *keys, int64_t size, int64_t count, float *scores) {
    for (int64_t t = 0; t < count; t += BLOCK, keys += size * BLOCK)
        for (int v = 0; v < BLOCK; v += LANES) {
            V even = {0}, odd = {0};
            for (int64_t d = 0; d < size; d += 2) {
                even += query[d] * *(const V *)(keys + d * BLOCK + v);
                odd += query[d + 1] * *(const V *)(keys + (d + 1) * BLOCK + v);
            }
            *(V *)(scores + t + v) = even + odd;
        }
}

/* Add up values, one sum for tokens at even places and one for odd ones, counted from the very first token. */
INLINE void weigh(const int vectors, const float *weights, const float *values, int64_t count, int64_t slot, V *even,
                  V *odd) {
    int64_t t = 0;
    for (; t + 1 < count; t += 2, values += 2 * slot)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            even[v] += weights[t] * *(const V *)(values + v * LANES);
            odd[v] += weights[t + 1] * *(const V *)(values + slot + v * LANES);
        }
    if (t < count)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) even[v] += weights[t] * *(const V *)(values + v * LANES);
}

INLINE void blend(const int vectors, const float *weights, float sum, const float *first, int64_t shared,
                  const float *values, int64_t own, int64_t slot, float *out) {
    V even[4] = {{0}}, odd[4] = {{0}};
    weigh(vectors, weights, first, shared, slot, even, odd);
    if (shared & 1)
        weigh(vectors, weights + shared, values, own, slot, odd, even);
    else
        weigh(vectors, weights + shared, values, own, slot, even, odd);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) *(V *)(out + v * LANES) = (even[v] + odd[v]) / sum;
}

/* One head of one token: softmax over the shared tokens and the row's own up to this one. */
static __attribute__((noinline)) void attend(const Model *m, const Cache *c, int64_t layer, const Token *token, int64_t key_head,
                   const float *query, float *scores, float *out) {
    const float *first_keys = c->first_keys + layer * c->first_key_layer + key_head * c->first_key_head;
    const float *keys = c->keys + layer * c->key_layer + token->row * c->key_row + key_head * c->key_head;
    const float *first = c->first_values + layer * c->first_value_layer + key_head * c->first_value_head;
    const float *values = c->values + layer * c->value_layer + token->row * c->value_row + key_head * c->value_head;
    int64_t shared = c->shared, own = token->at + 1, all = shared + own;
    scores_of(query, first_keys, m->size, shared, scores);
    scores_of(query, keys, m->size, own, scores + shared);
    V none = {0};
    *(V *)(scores + all) = none - 1e30f; /* what is read beyond the last token weighs nothing */
    V top = *(V *)scores, sum = {0};
    for (int64_t t = LANES; t < all; t += LANES) top = larger(top, *(V *)(scores + t));
    float most = highest(top);
    for (int64_t t = 0; t < all; t += LANES) {
        V weight = expv(*(V *)(scores + t) - most);
        *(V *)(scores + t) = weight;
        sum += weight;
    }
    float whole = total(sum);
    int64_t slot = m->slot, v = slot / LANES;
    for (; v >= 4; v -= 4, first += 4 * LANES, values += 4 * LANES, out += 4 * LANES)
        blend(4, scores, whole, first, shared, values, own, slot, out);
    for (; v >= 2; v -= 2, first += 2 * LANES, values += 2 * LANES, out += 2 * LANES)
        blend(2, scores, whole, first, shared, values, own, slot, out);
    if (v) blend(1, scores, whole, first, shared, values, own, slot, out);
}

/* Turn a head by a position: pairs are its two halves, as in Hugging Face's weights. */
INLINE void turn(const Model *m, float *head, int64_t position) {
    int64_t half = m->size / 2;
    const float *cosine = m->cosines + position * half, *sine = m->sines + position * half;
    int64_t i = 0;
    for (; i + LANES <= half; i += LANES) {
        V a = *(V *)(head + i), b = *(V *)(head + half + i), c = *(const V *)(cosine + i), s = *(const V *)(sine + i);
        *(V *)(head + i) = a * c - b * s;
        *(V *)(head + half + i) = b * c + a * s;
    }
    for (; i < half; i++) {
        float a = head[i], b = head[half + i];
        head[i] = a * cosine[i] - b * sine[i];
        head[half + i] = b * cosine[i] + a * sine[i];
    }
}

static __attribute__((noinline)) void keep(const Model *m, const Cache *c, int64_t layer, const Token *token, int64_t key_head, float *pairs) {
    float *key = pairs + key_head * m->slot, *value = pairs + (m->key_heads + key_head) * m->slot;
    turn(m, key, c->shared + token->at);
    float *keys = c->keys + layer * c->key_layer + token->row * c->key_row + key_head * c->key_head;
    keys += token->at / BLOCK * m->size * BLOCK + token->at % BLOCK;
    for (int64_t d = 0; d < m->size; d++) keys[d * BLOCK] = key[d];
    float *values = c->values + layer * c->value_layer + token->row * c->value_row + key_head * c->value_head;
    memcpy(values + token->at * m->slot, value, (size_t)m->slot * 4);
}

static void add(float *y, const float *bias, int64_t n) {
    for (int64_t i = 0; i < n; i += LANES) *(V *)(y + i) += *(const V *)(bias + i);
}

/* ---- layers ---- */

static void norms(const Model *m, const float *x, int64_t n, float *y) {
    for (int64_t i = 0; i < n; i++) norm(x + i * m->row, m->row, m->epsilon, y + i * m->row);
}

/* Leave only the tokens whose output is asked for; the others have done their part once their keys are kept. */
static int64_t only_wanted(const Model *m, Token *tokens, int64_t n, float *x, float *normed) {
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++)
        if (tokens[i].out >= 0) {
            if (x) memmove(x + left * m->row, x + i * m->row, (size_t)m->row * 4);
            memmove(normed + left * m->row, normed + i * m->row, (size_t)m->row * 4);
            tokens[left++] = tokens[i];
        }
    return left;
}

/* Call for a row's keys and values, which have long left the nearest cache, before they are needed. */
static __attribute__((noinline)) void call_for(const Model *m, const Cache *c, int64_t l, const Token *token, int64_t key_head) {
    enum { LINE = 64 };
    const char *keys = (char *)(c->keys + l * c->key_layer + token->row * c->key_row + key_head * c->key_head);
    const char *values = (char *)(c->values + l * c->value_layer + token->row * c->value_row + key_head * c->value_head);
    int64_t count = token->at + 1, key_bytes = up_to(count, BLOCK) * m->size * 4, value_bytes = count * m->slot * 4;
    for (int64_t at = 0; at < key_bytes; at += LINE) __builtin_prefetch(keys + at, 0, 3);
    for (int64_t at = 0; at < value_bytes; at += LINE) __builtin_prefetch(values + at, 0, 3);
}

/* Token by token and head by head: keep keys and values, then attend if the token's output is wanted. */
static void attention(const Model *m, const Cache *c, int64_t l, const Token *tokens, int64_t n, int only, const Desk *d,
                      float *scores, Share s) {
    int64_t group = m->heads / m->key_heads, at = 0;
    int64_t first = share(m->key_heads, s.me, s.of), last = share(m->key_heads, s.me + 1, s.of);
    for (int64_t i = 0; i < n; i++) {
        int fresh = !i || tokens[i - 1].row != tokens[i].row, wanted = !only || tokens[i].out >= 0;
        for (int64_t h = first; h < last; h++) {
            if (h + 1 == last && i + 1 < n && tokens[i + 1].row != tokens[i].row)
                call_for(m, c, l, &tokens[i + 1], first);
            else if (h + 1 < last && fresh)
                call_for(m, c, l, &tokens[i], h + 1);
            float *pairs = d->pairs + i * m->pair_row;
            if (m->each[l].pair_bias) {
                add(pairs + h * m->slot, m->each[l].pair_bias + h * m->slot, m->slot);
                int64_t value = (m->key_heads + h) * m->slot;
                add(pairs + value, m->each[l].pair_bias + value, m->slot);
            }
            keep(m, c, l, &tokens[i], h, pairs);
            for (int64_t q = h * group; wanted && q < (h + 1) * group; q++) {
                float *query = d->query + at * m->query_row + q * m->slot;
                if (m->each[l].query_bias) add(query, m->each[l].query_bias + q * m->slot, m->slot);
                turn(m, query, c->shared + tokens[i].at);
                attend(m, c, l, &tokens[i], h, query, scores, d->seen + at * m->query_row + q * m->slot);
            }
        }
        at += wanted;
    }
}

/* One's share of a product: some panels of all rows. */
INLINE void some(int what, const float *x, int64_t x_step, int64_t n, const Matrix *w, Share s, float *y,
                 int64_t y_step) {
    product(what, x, x_step, n, w, share(w->panels, s.me, s.of), share(w->panels, s.me + 1, s.of), y, y_step);
}

/* Run up to CHUNK tokens, each from its row of `table`, through all layers. `d` is the team's desk, `own` this thread's, for what is not shared.
   Returns how many are left in d->x: those whose output is wanted. `streams`, if any: (layers, tokens, width). */
static int64_t layers(const Model *m, const Cache *c, const float *table, Token *tokens, int64_t n, const Desk *d,
                      const Desk *own, Share s, float *streams, int64_t stream_step) {
    for (int64_t i = s.me; i < n; i += s.of) {
        memcpy(d->x + i * m->row, table + tokens[i].id * m->width, (size_t)m->width * 4);
        memset(d->x + i * m->row + m->width, 0, (size_t)(m->row - m->width) * 4);
    }
    meet(s.of);
    for (int64_t l = 0; l < m->layers; l++) {
        const Layer *layer = &m->each[l];
        for (int64_t i = 0; streams && !s.me && i < n; i++)
            memcpy(streams + l * stream_step + tokens[i].out * m->width, d->x + i * m->row, (size_t)m->width * 4);
        norms(m, d->x, n, own->normed);
        some(STORE, own->normed, m->row, n, &layer->keys_values, s, d->pairs, m->pair_row);
        Token spare[CHUNK], *every = tokens;
        int64_t before = n;
        int only = l == m->layers - 1;
        if (only) {
            every = memcpy(spare, tokens, (size_t)n * sizeof *tokens);
            meet(s.of); /* x is moved by one of us, so all must have read it */
            n = only_wanted(m, tokens, n, s.me ? 0 : d->x, own->normed);
        }
        some(STORE, own->normed, m->row, n, &layer->query, s, d->query, m->query_row);
        meet(s.of);
        attention(m, c, l, every, before, only, d, own->scores, s);
        meet(s.of);
        some(ADD, d->seen, m->query_row, n, &layer->out, s, d->x, m->row);
        meet(s.of);
        norms(m, d->x, n, own->normed);
        some(GATE, own->normed, m->row, n, &layer->gate_up, s, d->inner, m->inner);
        meet(s.of);
        some(ADD, d->inner, m->inner, n, &layer->down, s, d->x, m->row);
        meet(s.of);
    }
    return n;
}

/* The scores of the next token, into the team's d->logits. */
static void head(const Model *m, int64_t n, const Desk *d, const Desk *own, Share s) {
    norms(m, d->x, n, own->normed);
    some(STORE, own->normed, m->row, n, &m->head, s, d->logits, m->head.panels * PANEL);
    meet(s.of);
}

#endif
