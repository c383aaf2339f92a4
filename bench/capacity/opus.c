/* The five functions of libopus that the generator uses. */
#include "opus.h"
#include "ears.h"
#include <dlfcn.h>
#include <stdlib.h>

typedef void *(*create_encoder)(int32_t rate, int channels, int application, int *error);
typedef int32_t (*encode_float)(void *encoder, const float *pcm, int samples, uint8_t *bytes, int32_t room);
typedef void *(*create_decoder)(int32_t rate, int channels, int *error);
typedef int (*decode_float)(void *decoder, const uint8_t *bytes, int32_t length, float *pcm, int samples, int fec);
static create_encoder new_encoder;
static encode_float encode;
static create_decoder new_decoder;
static decode_float decode;
enum { APPLICATION_VOIP = 2048, RUN_IN = 25 };

int opus_load(void) {
  if (decode) return 0;
  void *library = dlopen("libopus.so.0", RTLD_NOW);
  if (!library) return -1;
  new_encoder = (create_encoder)dlsym(library, "opus_encoder_create");
  encode = (encode_float)dlsym(library, "opus_encode_float");
  new_decoder = (create_decoder)dlsym(library, "opus_decoder_create");
  decode = (decode_float)dlsym(library, "opus_decode_float");
  return new_encoder && encode && new_decoder && decode ? 0 : -1;
}

struct packet *opus_loop(int tone, int frames, int on) {
  struct packet *loop = calloc((size_t)frames, sizeof *loop);
  void *encoder = new_encoder(OPUS_RATE, 1, APPLICATION_VOIP, NULL);
  float pcm[OPUS_FRAME];
  for (int frame = -RUN_IN; frame < frames; frame++) {
    int sounds = tone >= 0 && (frame < 0 ? on == frames : frame < on);
    for (int n = 0; n < OPUS_FRAME; n++)
      pcm[n] = sounds ? AMPLITUDE * ears_tone(tone, (int64_t)(frame + RUN_IN) * OPUS_FRAME + n, OPUS_RATE) : 0;
    struct packet *packet = &loop[frame < 0 ? 0 : frame];
    packet->length = encode(encoder, pcm, OPUS_FRAME, packet->bytes, OPUS_MAX);
  }
  return loop;
}

void *opus_ear(void) { return new_decoder(OPUS_RATE, 1, NULL); }

int opus_hear(void *ear, const uint8_t *bytes, int length, float *frame) {
  int samples = decode(ear, bytes, length, frame, OPUS_FRAME, 0);
  return samples > 0 ? samples : 0;
}
