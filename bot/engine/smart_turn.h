/*
 * smart_turn.h - does the speech sound finished? Smart Turn's net
 *
 * The net hears the last eight seconds of a turn, as frames of turn_kit.h. One
 * for all calls: questions wait in the pool's queue, and of these no more than
 * SMART_TURN_QUEUE, because an answer after the others would be late.
 */
#ifndef BOT_ENGINE_SMART_TURN_H
#define BOT_ENGINE_SMART_TURN_H

#include <stdbool.h>

#include "bot/media/turn_mel.h"
#include "common/attr.h"

enum { SMART_TURN_QUEUE = 8 /* questions at once, those at work included */ };

#define SMART_TURN_FILE "smart-turn-v3.onnx"
/* Above YES the turn is complete. The net computes with 8 bit integers, and
 * noise of a ten-thousandth moves a probability in the middle by 0.3: only
 * below NO is it sure that the turn is not. */
#define SMART_TURN_YES 0.5F
#define SMART_TURN_NO  0.1F

struct ort;
struct smart_turn;

/* Load the net at @path, and run it once. ERR_PROVIDER; -ENOMEM. */
int smart_turn_new(struct smart_turn **sp, struct ort *ort,
                   const char *path) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void smart_turn_free(struct smart_turn **sp);

/* Borrowed: what computes the frames. */
const struct turn_kit *smart_turn_kit(const struct smart_turn *s);

/* Take a place in the queue, and give it back. On the loop's thread. */
bool smart_turn_take(struct smart_turn *s);
void smart_turn_give(struct smart_turn *s);

/* The probability, 0..1, that the turn is complete. Any thread, several at
 * once. ERR_PROVIDER; -ENOMEM. */
int smart_turn_judge(const struct smart_turn *s,
                     const struct turn_frame frames[TURN_MEL_FRAMES],
                     float *probability) MUST_CHECK;

#endif
