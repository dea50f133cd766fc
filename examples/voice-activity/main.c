// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds speech in a sound while it arrives, with silero-vad: a chunk of 32 ms after the other, the model's state carried from run to run.
//
//   voice-activity SOUND.wav                   prints when somebody speaks, in seconds
//   voice-activity --probabilities SOUND.wav   prints a probability for each chunk
//
// The sound is 16-bit mono PCM at 16 kHz; "-" is standard input.
#include "vad.h"

#include <stdio.h>
#include <string.h>

enum {
  RATE = 16000,
  CHUNK = 512,  // what the model sees at once ...
  CONTEXT = 64, // ... after the end of the chunk before
  STATE = VAD_BYTES_INPUT_STATE / sizeof(float),
  SHORTEST_SPEECH = RATE / 4,  // anything shorter is a click
  SHORTEST_SILENCE = RATE / 10 // anything shorter is a pause between words
};
static const float SPEECH_BEGINS = 0.5f, SPEECH_LASTS = 0.35f;

/// The model with what it remembers.
typedef struct Detector {
  IngotSession *session;
  float samples[CONTEXT + CHUNK];
  float state[2][STATE]; // a run reads one and writes the other
  int now;
} Detector;

/// Where speech began, and where silence after it did; -1 outside of them.
typedef struct Segments {
  long begin, silence;
} Segments;

static int fail(const char *name, const char *what) {
  fprintf(stderr, "voice-activity: %s: %s\n", name, what);
  return 1;
}

static unsigned little(const unsigned char *bytes, int count) {
  unsigned value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | bytes[i];
  return value;
}

/// Reads a WAV file up to its samples. Returns what is wrong with it, or null.
static const char *read_header(FILE *file) {
  unsigned char bytes[16];
  int known = 0;
  if (fread(bytes, 12, 1, file) != 1 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
    return "not a WAV file";
  while (fread(bytes, 8, 1, file) == 1) {
    const int format = memcmp(bytes, "fmt ", 4) == 0;
    if (memcmp(bytes, "data", 4) == 0)
      return known ? NULL : "no format before the samples";
    unsigned long rest = little(bytes + 4, 4);
    rest += rest % 2;
    if (format) {
      if (rest < 16 || fread(bytes, 16, 1, file) != 1)
        return "the format is cut";
      if (little(bytes, 2) != 1 || little(bytes + 2, 2) != 1 || little(bytes + 4, 4) != RATE || little(bytes + 14, 2) != 16)
        return "not 16-bit mono PCM at 16 kHz";
      known = 1;
      rest -= 16;
    }
    for (; rest > 0; --rest) // also where one cannot seek
      if (getc(file) == EOF)
        return "the file is cut";
  }
  return "no samples";
}

/// Fills the chunk behind the context; silence fills up the last one. Returns the number of samples.
static int read_chunk(FILE *file, float *chunk) {
  unsigned char bytes[2 * CHUNK];
  const int count = (int)fread(bytes, 2, CHUNK, file);
  for (int i = 0; i < CHUNK; ++i)
    chunk[i] = i < count ? (float)(short)little(bytes + (size_t)2 * i, 2) / 32768 : 0;
  return count;
}

/// The probability of speech in the chunk that was read.
static IngotStatus detect(Detector *detector, float *probability) {
  float *samples = detector->samples;
  const IngotStatus status = vad_run(detector->session, samples, detector->state[detector->now], probability, detector->state[!detector->now]);
  detector->now = !detector->now;
  memmove(samples, samples + CHUNK, CONTEXT * sizeof *samples);
  return status;
}

static void finish(Segments *segments, long end) {
  if (segments->begin >= 0 && end - segments->begin >= SHORTEST_SPEECH) {
    printf("%.2f - %.2f\n", (double)segments->begin / RATE, (double)end / RATE);
    fflush(stdout);
  }
  segments->begin = segments->silence = -1;
}

/// Takes the probability of the chunk that begins at sample `at`.
static void follow(Segments *segments, float probability, long at) {
  if (probability >= SPEECH_BEGINS) {
    segments->silence = -1;
    if (segments->begin < 0)
      segments->begin = at;
  } else if (segments->begin >= 0 && (probability < SPEECH_LASTS || segments->silence >= 0)) {
    if (segments->silence < 0)
      segments->silence = at;
    if (at + CHUNK - segments->silence >= SHORTEST_SILENCE)
      finish(segments, segments->silence);
  }
}

static int listen(FILE *file, Detector *detector, int probabilities) {
  Segments segments = {-1, -1};
  long at = 0;
  for (int count; (count = read_chunk(file, detector->samples + CONTEXT)) > 0; at += count) {
    float probability;
    if (detect(detector, &probability) != INGOT_OK)
      return fail("model", ingot_session_error(detector->session));
    if (probabilities)
      printf("%.6f\n", (double)probability);
    else
      follow(&segments, probability, at);
  }
  finish(&segments, at);
  return 0;
}

int main(int count, char **words) {
  static Detector detector;
  const int probabilities = count == 3 && strcmp(words[1], "--probabilities") == 0;
  if (count != 2 + probabilities || words[count - 1][0] == 0) {
    fprintf(stderr, "usage: voice-activity [--probabilities] SOUND.wav\n");
    return 2;
  }
  const char *name = words[count - 1];
  FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
  if (!file)
    return fail(name, "cannot be opened");
  const char *wrong = read_header(file);
  // One thread: a run takes a fraction of a millisecond.
  const IngotSessionOptions options = {.struct_size = sizeof options, .threads = 1};
  const IngotStatus status = wrong ? INGOT_OK : vad_open(&options, &detector.session);
  if (status != INGOT_OK)
    wrong = ingot_status_text(status);
  const int result = wrong ? fail(name, wrong) : listen(file, &detector, probabilities);
  ingot_session_close(&detector.session);
  fclose(file);
  return result;
}
