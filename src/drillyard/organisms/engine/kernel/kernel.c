/* What Python calls: reading prompts, scoring the next token, and the loop that draws tokens. */

#define _GNU_SOURCE
#include "forward.h"

enum { ROWS_EACH = 4 }; /* with fewer rows per thread, threads share each product instead of the rows */

typedef struct {
    const Model *m;
    const Cache *c;
    int64_t rows;
    const int64_t *tokens, *counts, *starts, *wanted; /* of each row; `tokens` and outputs one row after another */
    const float *table; /* what tokens begin as: rows of the embedding, or states that other layers left */
    float *out, *streams;
    int64_t longest, threads;
    atomic_int failed;
    Desk desk; /* the team's */
} ReadCall;

typedef struct {
    const Model *m;
    const float *x;
    int64_t rows;
    float *logits;
    int64_t threads;
    atomic_int failed;
    Desk desk;
} ScoreCall;

/* What is known of a row, as in batching.py. */
typedef struct {
    int64_t number, length, drawn, limit, stop, token;
} Row;

typedef struct {
    const Model *m;
    const Cache *c;
    int64_t rows;
    Row *each;
    float *last;           /* (rows, width): the last layer's output for the newest token that was run */
    const double *draws;   /* (rows, steps) */
    int64_t draws_step;
    const float *scale, *depth;
    uint8_t *done;
    int64_t *tokens; /* (rows, most) */
    int64_t most, unread, stop_early, longest, threads;
    const int64_t *ends; /* tokens that end every row, beside its own */
    int64_t ends_count;
    atomic_int failed;
    Desk desk;
    int64_t step, active, *order; /* rows that still run */
    int crew;                     /* threads at work at present */
} DrawCall;

/* Give every thread its desk; those that share products work at the first one's. */
static int sit_down(Desk *own, Desk *shared, const Model *m, int64_t longest, atomic_int *failed, int me, int of) {
    if (!set_desk(own, m, longest)) atomic_store(failed, 1);
    if (!me) *shared = *own;
    meet(of);
    return !atomic_load(failed);
}

/* How many of the threads a step of so many rows is worth. */
static int crew(const Model *m, int64_t rows, int64_t threads) { return rows * m->weights < m->worth ? 1 : (int)threads; }

static int few(int64_t rows, int of) { return rows < (int64_t)ROWS_EACH * of; }

/* ---- reading ---- */

static void pass(ReadCall *r, Token *tokens, int64_t n, const Desk *d, const Desk *own, Share s, int64_t all) {
    const Model *m = r->m;
    int64_t left = layers(m, r->c, r->table, tokens, n, d, own, s, r->streams, all * m->width);
    for (int64_t i = s.me; i < left; i += s.of)
        memcpy(r->out + tokens[i].out * m->width, d->x + i * m->row, (size_t)m->width * 4);
    meet(s.of);
}

static void read_share(void *what, int me, int of) {
    ReadCall *r = what;
    Desk own;
    if (!sit_down(&own, &r->desk, r->m, r->longest, &r->failed, me, of)) return;
    int64_t all = 0, row_tokens = 0, outputs = 0, n = 0, seen = 0;
    for (int64_t row = 0; row < r->rows; row++) all += r->counts[row];
    int columns = few(r->rows, of);
    Share s = columns ? (Share){me, of} : (Share){0, 1};
    const Desk *d = columns ? &r->desk : &own;
    int64_t from = columns ? 0 : share(all, me, of), to = columns ? all : share(all, me + 1, of);
    Token tokens[CHUNK];
    for (int64_t row = 0; row < r->rows; row++) {
        int64_t count = r->counts[row], skipped = count - r->wanted[row];
        int mine = seen >= from && seen < to; /* a row goes to the thread in whose share it begins */
        for (int64_t i = 0; mine && i < count; i++) {
            tokens[n++] = (Token){.id = r->tokens[row_tokens + i],
                                  .row = row,
                                  .at = r->starts[row] + i,
                                  .out = i < skipped ? -1 : outputs + i - skipped};
            if (n == CHUNK) {
                pass(r, tokens, n, d, &own, s, all);
                n = 0;
            }
        }
        seen += count;
        row_tokens += count;
        outputs += r->wanted[row];
    }
    if (n) pass(r, tokens, n, d, &own, s, all);
}

/* Run each row's new tokens; `out` gets the last `wanted` outputs of each. Returns 0, or 1 without memory. */
int drillyard_read(ReadCall *r) {
    int64_t all = 0;
    for (int64_t row = 0; row < r->rows; row++) all += r->counts[row];
    together(crew(r->m, all, r->threads), read_share, r);
    return atomic_load(&r->failed);
}

/* ---- scoring ---- */

static void load_rows(const Model *m, const float *x, const int64_t *order, int64_t n, const Desk *d, Share s) {
    for (int64_t i = s.me; i < n; i += s.of) {
        memcpy(d->x + i * m->row, x + (order ? order[i] : i) * m->width, (size_t)m->width * 4);
        memset(d->x + i * m->row + m->width, 0, (size_t)(m->row - m->width) * 4);
    }
    meet(s.of);
}

static void score_share(void *what, int me, int of) {
    ScoreCall *r = what;
    const Model *m = r->m;
    Desk own;
    if (!sit_down(&own, &r->desk, m, 1, &r->failed, me, of)) return;
    int columns = few(r->rows, of);
    Share s = columns ? (Share){me, of} : (Share){0, 1};
    const Desk *d = columns ? &r->desk : &own;
    int64_t from = columns ? 0 : share(r->rows, me, of), to = columns ? r->rows : share(r->rows, me + 1, of);
    for (int64_t at = from; at < to; at += CHUNK) {
        int64_t n = to - at < CHUNK ? to - at : CHUNK;
        load_rows(m, r->x + at * m->width, 0, n, d, s);
        head(m, n, d, &own, s);
        for (int64_t i = s.me; i < n; i += s.of)
            memcpy(r->logits + (at + i) * m->vocabulary, d->logits + i * m->head.panels * PANEL,
                   (size_t)m->vocabulary * 4);
        meet(s.of);
    }
}

int drillyard_score(ScoreCall *r) {
    together(crew(r->m, r->rows, r->threads), score_share, r);
    return atomic_load(&r->failed);
}

/* ---- drawing ---- */

/* As Sampler.choose without top_p: invert the cumulative distribution of what is not below the floor. */
static int64_t choose(const float *logits, int64_t vocabulary, float scale, float depth, double draw, double *upto) {
    float top = logits[0];
    int64_t best = 0, count = 0;
    for (int64_t i = 1; i < vocabulary; i++)
        if (logits[i] > top) top = logits[i];
    while (logits[best] != top && best < vocabulary - 1) best++;
    float floor = top + depth;
    double sum = 0;
    int64_t *found = (int64_t *)(upto + vocabulary);
    for (int64_t at = 0; at < vocabulary; at += PANEL) {
        int64_t end = at + PANEL < vocabulary ? at + PANEL : vocabulary;
        int any = 0;
        for (int64_t i = at; i < end; i++) any |= logits[i] >= floor;
        for (int64_t i = at; any && i < end; i++)
            if (logits[i] >= floor) {
                sum += exp((double)((logits[i] - top) * scale));
                found[count] = i;
                upto[count++] = sum;
            }
    }
    if (count < 2) return best;
    double target = draw * sum;
    int64_t picked = 0;
    while (picked < count - 1 && !(upto[picked] > target)) picked++;
    return found[picked];
}

static void draw(DrawCall *r, int64_t row, const float *logits, double *upto) {
    Row *it = &r->each[row];
    double next = r->draws[row * r->draws_step + it->drawn];
    it->token = choose(logits, r->m->vocabulary, r->scale[row], r->depth[row], next, upto);
    r->tokens[row * r->most + r->step] = it->token;
    it->drawn++;
    r->done[row] = it->token == it->stop || it->drawn == it->limit;
    for (int64_t i = 0; i < r->ends_count; i++) r->done[row] |= it->token == r->ends[i];
}

/* One token for the rows in `order`: run the newest ones, score, choose. */
static void advance(DrawCall *r, const int64_t *order, int64_t n, const Desk *d, const Desk *own, Share s) {
    const Model *m = r->m;
    if (r->unread) {
        Token tokens[CHUNK];
        for (int64_t i = 0; i < n; i++) {
            const Row *row = &r->each[order[i]];
            tokens[i] = (Token){.id = row->token, .row = order[i], .at = row->length, .out = i};
        }
        layers(m, r->c, m->embedding, tokens, n, d, own, s, 0, 0);
        for (int64_t i = s.me; i < n; i += s.of) {
            memcpy(r->last + order[i] * m->width, d->x + i * m->row, (size_t)m->width * 4);
            r->each[order[i]].length++;
        }
    } else
        load_rows(m, r->last, order, n, d, s);
    head(m, n, d, own, s);
    for (int64_t i = s.me; i < n; i += s.of) draw(r, order[i], d->logits + i * m->head.panels * PANEL, own->upto);
    meet(s.of);
}

static void look_around(DrawCall *r) {
    int64_t before = r->active;
    r->active = 0;
    for (int64_t row = 0; row < r->rows; row++)
        if (!r->done[row]) r->order[r->active++] = row;
    if (r->stop_early && r->step && r->active < before) r->active = 0;
}

static int going(const DrawCall *r) { return r->active && r->step < r->most; }

static void draw_share(void *what, int me, int of) {
    DrawCall *r = what;
    Desk own;
    if (!sit_down(&own, &r->desk, r->m, r->longest, &r->failed, me, of)) return;
    while (going(r) && crew(r->m, r->active, r->threads) == r->crew) {
        int columns = few(r->active, of);
        Share s = columns ? (Share){me, of} : (Share){0, 1};
        int64_t from = columns ? 0 : share(r->active, me, of), to = columns ? r->active : share(r->active, me + 1, of);
        for (int64_t at = from; at < to; at += CHUNK)
            advance(r, r->order + at, to - at < CHUNK ? to - at : CHUNK, columns ? &r->desk : &own, &own, s);
        meet(of);
        if (!me) {
            r->step++, r->unread = 1;
            look_around(r);
        }
        meet(of);
    }
}

/* Up to `most` tokens for every row that is not done; with `stop_early` no further once a row is done. Sets `step`. */
int drillyard_draw(DrawCall *r) {
    look_around(r);
    while (going(r) && !atomic_load(&r->failed)) {
        r->crew = crew(r->m, r->active, r->threads);
        together(r->crew, draw_share, r);
    }
    return atomic_load(&r->failed);
}

/* Sizes of what Python mirrors, in the order of `mirrors` in structures.py. */
const int64_t *drillyard_sizes(void) {
    static const int64_t sizes[] = {sizeof(LayerWeights), sizeof(Weights), sizeof(Cache),  sizeof(Row),
                                    sizeof(ReadCall),      sizeof(ScoreCall), sizeof(DrawCall)};
    return sizes;
}
