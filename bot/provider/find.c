/*
 * The providers by name. A new one is a file of its own and a row here.
 */
#include <string.h>

#include "bot/provider/anthropic.h"
#include "bot/provider/cartesia.h"
#include "bot/provider/deepgram.h"
#include "bot/provider/deepgram_tts.h"
#include "bot/provider/elevenlabs.h"
#include "bot/provider/embedded.h"
#include "bot/provider/flux.h"
#include "bot/provider/openai.h"
#include "bot/provider/openai_stt.h"
#include "bot/provider/openai_tts.h"
#include "bot/provider/script.h"

static const struct stt_ops *const recognisers[] = {
	&stt_deepgram_ops,
	&stt_flux_ops,
	&stt_openai_ops,
	&stt_embedded_ops,
};

static const struct llm_ops *const models[] = {
	&llm_openai_ops,
	&llm_anthropic_ops,
	&llm_script_ops,
};

static const struct tts_ops *const voices[] = {
	&tts_cartesia_ops, &tts_deepgram_ops, &tts_elevenlabs_ops,
	&tts_openai_ops,   &tts_embedded_ops, &tts_flite_ops,
};

const struct stt_ops *stt_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(recognisers); i++)
		if (!strcmp(recognisers[i]->name, name))
			return recognisers[i];
	return NULL;
}

const struct llm_ops *llm_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(models); i++)
		if (!strcmp(models[i]->name, name))
			return models[i];
	return NULL;
}

const struct tts_ops *tts_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(voices); i++)
		if (!strcmp(voices[i]->name, name))
			return voices[i];
	return NULL;
}
