/* Vectors as wide as the processor's (AVX-512, AVX, or 128 bits as in SSE and NEON), and what is computed on them.

   Every sum has a fixed order: it never depends on how many rows or tokens are computed together. */

#ifndef DRILLYARD_VECTORS_H
#define DRILLYARD_VECTORS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16, WIDE = 4, TALL = 6 }; /* 24 of 32 registers hold sums, 4 weights */
#elif defined(__AVX__)
enum { LANES = 8, WIDE = 2, TALL = 6 }; /* 12 of 16 */
#elif defined(__aarch64__)
enum { LANES = 4, WIDE = 4, TALL = 6 }; /* 24 of 32 */
#else
enum { LANES = 4, WIDE = 2, TALL = 4 }; /* 8 of 16 */
#endif
enum { PANEL = LANES * WIDE, BLOCK = 16 }; /* columns of a panel of weights; tokens of a block of keys */

typedef float V __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

static int64_t up_to(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

INLINE V larger(V a, V b) {
    I first = a > b;
    return (V)(((I)a & first) | ((I)b & ~first));
}

INLINE float highest(V a) {
    float each[LANES];
    *(V *)each = a;
    float top[4] = {each[0], each[1], each[2], each[3]};
#pragma GCC unroll 16
    for (int i = 4; i < LANES; i++) top[i % 4] = top[i % 4] > each[i] ? top[i % 4] : each[i];
    float a01 = top[0] > top[1] ? top[0] : top[1], a23 = top[2] > top[3] ? top[2] : top[3];
    return a01 > a23 ? a01 : a23;
}

INLINE float total(V a) {
    typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));
    float each[LANES];
    *(V *)each = a;
    Quad sum = *(Quad *)each;
#pragma GCC unroll 4
    for (int i = 4; i < LANES; i += 4) sum += *(Quad *)(each + i);
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* e to the x, good to 2e-7 of its value; x is taken for at least -87 and at most 88. */
INLINE V expv(V x) {
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    V zero = {0};
    x = larger(x, zero - 87.0f);
    x = -larger(-x, zero - 88.0f);
    V shifted = x * 1.44269504f + magic;
    V whole = shifted - magic;
    V rest = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    V sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * (rest * rest) + rest + 1.0f;
    return (V)((I)sum + ((I)shifted << 23));
}

/* What becomes of a tile of sums: it is stored, added to what is there, or taken as gates and their values. */
enum { STORE, ADD, GATE };

/* `rows` rows of x times one panel; `rows` and `what` are constants where this is inlined. */
INLINE void tile(const int rows, const int what, const float *x, int64_t x_step, const float *panel, int64_t depth,
                 float *y, int64_t y_step) {
    V sums[TALL][WIDE];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int c = 0; c < WIDE; c++) sums[r][c] = (V){0};
    for (int64_t k = 0; k < depth; k++, panel += PANEL) {
        V weights[WIDE];
#pragma GCC unroll 8
        for (int c = 0; c < WIDE; c++) weights[c] = *(const V *)(panel + c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            float value = x[r * x_step + k];
#pragma GCC unroll 8
            for (int c = 0; c < WIDE; c++) sums[r][c] += value * weights[c];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        V *out = (V *)(y + r * y_step);
        if (what == STORE)
#pragma GCC unroll 8
            for (int c = 0; c < WIDE; c++) out[c] = sums[r][c];
        if (what == ADD)
#pragma GCC unroll 8
            for (int c = 0; c < WIDE; c++) out[c] += sums[r][c];
        if (what == GATE)
#pragma GCC unroll 8
            for (int c = 0; c < WIDE / 2; c++) {
                V gate = sums[r][c];
                out[c] = gate / (expv(-gate) + 1.0f) * sums[r][c + WIDE / 2];
            }
    }
}

/* Weights (depth, columns) as panels of PANEL columns, each panel one stretch of memory. */
typedef struct {
    float *data;
    int64_t depth, panels;
} Matrix;

/* Each a function of its own, so that the compiler has all registers for it. */
typedef void Tile(const float *x, int64_t x_step, const float *panel, int64_t depth, float *y, int64_t y_step);
#define TILE(what, rows)                                                                                               \
    static __attribute__((noinline)) void tile_##what##_##rows(const float *x, int64_t x_step, const float *panel,     \
                                                               int64_t depth, float *y, int64_t y_step) {              \
        tile(rows <= TALL ? rows : 1, what, x, x_step, panel, depth, y, y_step);                                       \
    }
#define TILES(what) TILE(what, 1) TILE(what, 2) TILE(what, 3) TILE(what, 4) TILE(what, 5) TILE(what, 6)
TILES(STORE)
TILES(ADD)
TILES(GATE)
#define ALL(what) {tile_##what##_1, tile_##what##_2, tile_##what##_3, tile_##what##_4, tile_##what##_5, tile_##what##_6}
static Tile *const tiles_of[3][6] = {ALL(STORE), ALL(ADD), ALL(GATE)};

/* n rows of x times the panels from `first` to `last`; y gets PANEL columns a panel, half as many for GATE. */
static void product(int what, const float *x, int64_t x_step, int64_t n, const Matrix *m, int64_t first, int64_t last,
                    float *y, int64_t y_step) {
    int64_t columns = what == GATE ? PANEL / 2 : PANEL;
    for (int64_t p = first; p < last; p++)
        for (int64_t row = 0; row < n; row += TALL) {
            int64_t rows = n - row < TALL ? n - row : TALL;
            tiles_of[what][rows - 1](x + row * x_step, x_step, m->data + p * m->depth * PANEL, m->depth,
                                     y + row * y_step + p * columns, y_step);
        }
}

/* x without its length: the norm whose weight the next matrix carries. `width` is a multiple of LANES. */
INLINE void norm(const float *x, int64_t width, float epsilon, float *y) {
    V squares = {0};
    for (int64_t k = 0; k < width; k += LANES) squares += *(const V *)(x + k) * *(const V *)(x + k);
    float scale = 1.0f / sqrtf(total(squares) + epsilon);
    for (int64_t k = 0; k < width; k += LANES) *(V *)(y + k) = *(const V *)(x + k) * scale;
}

#endif
