/*
 * A text and what a voice is given for it. The text stays what it was, and who
 * hears more of the voice has never heard less of the text.
 */
#include "bot/spoken.h"
#include "tests/fuzz/fuzz.h"

