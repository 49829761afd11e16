/* A Llama model with its weights packed for streaming, and the cache that Python keeps for it. */

#ifndef DRILLYARD_MODEL_H
#define DRILLYARD_MODEL_H

#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "vectors.h"

/* As in the Python class of the same name; weights are (out, in). */
typedef struct {
    const float *query, *key, *value, *out, *gate, *up, *down, *norm, *inner_norm;
    const float *query_bias, *key_bias, *value_bias; /* null: none */
    const int64_t *neurons; /* those that can do anything, in their order */
    int64_t count;
} LayerWeights;

typedef struct {
    int64_t vocabulary, width, layers, heads, key_heads, size, inner, worth;
    double epsilon;
    const float *embedding, *head, *norm, *cosines, *sines; /* turns: (positions, size / 2) */
    const LayerWeights *each;
} Weights;

typedef struct {
    Matrix query, keys_values, out, gate_up, down;
    float *query_bias, *pair_bias; /* laid out as the products that they are added to; null: none */
} Layer;

typedef struct {
    int64_t vocabulary, width, layers, heads, key_heads, size, inner; /* inner: of the widest layer, padded */
    int64_t weights, worth; /* of all matrices: what one token is multiplied by; what is worth several threads */
    int64_t row, slot, query_row, pair_row; /* floats of a row of x, of a head, of all queries, of keys and values */
    float epsilon;
    const float *embedding, *cosines, *sines;
    float *arena;
    Matrix head;
    Layer each[];
} Model;

/* Keys and values: (layers, rows, key heads, blocks, size, BLOCK) and (layers, rows, key heads, tokens, slot). The
   prefix, which all rows share, has no rows. Steps are in floats; within a head all is in one piece. */
typedef struct {
    float *keys, *values;
    const float *first_keys, *first_values;
    int64_t key_layer, key_row, key_head, value_layer, value_row, value_head;
    int64_t first_key_layer, first_key_head, first_value_layer, first_value_head;
    int64_t shared;
} Cache;

/* Put columns into panels: column c of the result is row `rows(c)` of w (or nothing), scaled along its inputs. */
static void pack(Matrix *m, const float *w, const float *scales, float scale, int64_t from, int64_t to,
                 const int64_t *places, int64_t columns, const int64_t *inputs, int64_t depth, int64_t step) {
    for (int64_t k = 0; k < m->depth; k++) {
        int64_t input = k >= depth ? -1 : inputs ? inputs[k] : k;
        if (input < 0) continue;
        float by = (scales ? scales[input] : 1.0f) * scale;
        for (int64_t c = 0; c < columns; c++) {
            int64_t at = places ? places[c] : c, column = from + c / to * PANEL + c % to;
            if (at >= 0) m->data[(column / PANEL * m->depth + k) * PANEL + column % PANEL] = w[at * step + input] * by;
        }
    }
}

/* Where the numbers of `heads` heads stand when each is padded to its slot; -1 is a gap. */
static int64_t *slots(int64_t heads, int64_t size, int64_t slot) {
    int64_t *places = malloc((size_t)(heads * slot) * sizeof *places);
    for (int64_t i = 0; places && i < heads * slot; i++) places[i] = i % slot < size ? i / slot * size + i % slot : -1;
    return places;
}

static float *take(Model *m, int64_t *used, Matrix *matrix, int64_t depth, int64_t columns) {
    matrix->depth = depth;
    matrix->panels = (columns + PANEL - 1) / PANEL;
    matrix->data = m->arena ? m->arena + *used : 0;
    *used += depth * matrix->panels * PANEL;
    return matrix->data;
}

/* Give every matrix its place; without an arena only count. */
static int64_t lay_out(Model *m, const Weights *w) {
    int64_t used = 0;
    for (int64_t i = 0; i < m->layers; i++) {
        Layer *layer = &m->each[i];
        take(m, &used, &layer->query, m->width, m->heads * m->slot);
        take(m, &used, &layer->keys_values, m->width, 2 * m->key_heads * m->slot);
        take(m, &used, &layer->out, m->heads * m->slot, m->width);
        int64_t inner = up_to(w->each[i].count, PANEL / 2);
        take(m, &used, &layer->gate_up, m->width, 2 * inner);
        take(m, &used, &layer->down, inner, m->width);
        if (w->each[i].query_bias) {
            layer->query_bias = m->arena ? m->arena + used : 0;
            used += up_to(m->heads * m->slot, PANEL);
            layer->pair_bias = m->arena ? m->arena + used : 0;
            used += up_to(2 * m->key_heads * m->slot, PANEL);
        }
    }
    take(m, &used, &m->head, m->width, m->vocabulary);
    return used;
}

static void fill(Model *m, const Weights *w, const int64_t *queries, const int64_t *keys) {
    int64_t width = m->width, half = PANEL / 2;
    float root = sqrtf((float)width);
    for (int64_t i = 0; i < m->layers; i++) {
        const LayerWeights *from = &w->each[i];
        Layer *to = &m->each[i];
        int64_t all = m->heads * m->slot, pairs = m->key_heads * m->slot, count = from->count;
        float attention = root / sqrtf((float)m->size);
        pack(&to->query, from->query, from->norm, attention, 0, PANEL, queries, all, 0, width, width);
        for (int64_t c = 0; c < pairs; c++) { /* values begin wherever keys end, within a panel too */
            pack(&to->keys_values, from->key, from->norm, root, c, PANEL, keys + c, 1, 0, width, width);
            pack(&to->keys_values, from->value, from->norm, root, pairs + c, PANEL, keys + c, 1, 0, width, width);
        }
        for (int64_t c = 0; from->query_bias && c < all; c++)
            if (queries[c] >= 0) to->query_bias[c] = from->query_bias[queries[c]] / sqrtf((float)m->size);
        for (int64_t c = 0; from->query_bias && c < pairs; c++)
            if (keys[c] >= 0) {
                to->pair_bias[c] = from->key_bias[keys[c]];
                to->pair_bias[pairs + c] = from->value_bias[keys[c]];
            }
        pack(&to->out, from->out, 0, 1.0f, 0, PANEL, 0, width, queries, all, m->heads * m->size);
        pack(&to->gate_up, from->gate, from->inner_norm, root, 0, half, from->neurons, count, 0, width, width);
        pack(&to->gate_up, from->up, from->inner_norm, root, half, half, from->neurons, count, 0, width, width);
        pack(&to->down, from->down, 0, 1.0f, 0, PANEL, 0, width, from->neurons, count, w->inner);
    }
    pack(&m->head, w->head, w->norm, root, 0, PANEL, 0, m->vocabulary, 0, width, width);
}

/* Pack weights; they are copied, but for `embedding`, `cosines` and `sines`, which must stay. Null: no memory. */
Model *drillyard_pack(const Weights *w) {
    Model *m = calloc(1, sizeof *m + (size_t)w->layers * sizeof(Layer));
    if (!m) return 0;
    m->vocabulary = w->vocabulary, m->width = w->width, m->layers = w->layers;
    m->heads = w->heads, m->key_heads = w->key_heads, m->size = w->size;
    m->worth = w->worth;
    m->epsilon = (float)(w->epsilon * (double)w->width);
    m->embedding = w->embedding, m->cosines = w->cosines, m->sines = w->sines;
    m->slot = up_to(m->size, LANES);
    m->row = up_to(m->width, PANEL);
    m->query_row = up_to(m->heads * m->slot, PANEL);
    m->pair_row = up_to(2 * m->key_heads * m->slot, PANEL);
    for (int64_t i = 0; i < m->layers; i++) {
        int64_t inner = up_to(w->each[i].count, PANEL / 2);
        m->inner = inner > m->inner ? inner : m->inner;
    }
    m->weights = lay_out(m, w);
    size_t bytes = (size_t)up_to(m->weights * 4 + 4096, 1 << 21);
    int64_t *queries = slots(m->heads, m->size, m->slot), *keys = slots(m->key_heads, m->size, m->slot);
    void *arena = 0;
    if (queries && keys && !posix_memalign(&arena, 1 << 21, bytes)) {
#if defined(MADV_HUGEPAGE)
        madvise(arena, bytes, MADV_HUGEPAGE); /* fewer pages to look up while weights stream by */
#endif
        memset(arena, 0, bytes);
        m->arena = arena;
        lay_out(m, w);
        fill(m, w, queries, keys);
    }
    free(queries);
    free(keys);
    if (!m->arena) {
        free(m);
        return 0;
    }
    return m;
}

void drillyard_free(Model *m) {
    free(m->arena);
    free(m);
}

/* Floats in a vector; a head takes a whole number of vectors. */
int drillyard_lanes(void) { return LANES; }

#endif
