// The addon's face to JavaScript (Node-API): handles are numbers looked up per environment, buffers are checked at every call.
// Nothing is kept of a buffer between calls, so JavaScript may detach, shrink or drop it at will.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <node_api.h>

#include "sockets.h"

// Exported by Node and steady since libuv 1.0; absent elsewhere.
struct uv_loop_s;
extern int uv_backend_fd(const struct uv_loop_s *loop) __attribute__((weak));

enum { MOST_SETS = 64, LONGEST_TEXT = 128, LONGEST_WAIT = 1000000, LARGEST_PLACE = 65536 };

struct entry {
  double handle;  // 0 when free; never used twice
  struct sockets sockets;
};

// One per environment (main thread or worker).
struct addon {
  double last_handle;
  struct entry entries[MOST_SETS];
};

struct call {
  napi_env env;
  struct addon *addon;
  napi_value arguments[6];
  size_t count;
};

// --- arguments: each of these throws and returns 0 when the value does not do

static int refuse(napi_env env, const char *what) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", what);
  return 0;
}

static int begin(napi_env env, napi_callback_info info, size_t wanted, struct call *call) {
  call->env = env;
  call->count = sizeof call->arguments / sizeof call->arguments[0];
  if (napi_get_cb_info(env, info, &call->count, call->arguments, NULL, NULL) != napi_ok ||
      napi_get_instance_data(env, (void **)&call->addon) != napi_ok || !call->addon)
    return refuse(env, "The addon is not ready.");
  return call->count >= wanted ? 1 : refuse(env, "An argument is missing.");
}

static int take_integer(const struct call *call, size_t index, double most, double *out) {
  if (napi_get_value_double(call->env, call->arguments[index], out) == napi_ok && *out >= 0 && *out <= most &&
      floor(*out) == *out)
    return 1;
  return refuse(call->env, "A number is no whole number in its range.");
}

static int take_text(const struct call *call, size_t index, char text[LONGEST_TEXT]) {
  size_t length = 0, copied = 0;
  if (napi_get_value_string_utf8(call->env, call->arguments[index], NULL, 0, &length) == napi_ok &&
      length < LONGEST_TEXT &&
      napi_get_value_string_utf8(call->env, call->arguments[index], text, LONGEST_TEXT, &copied) == napi_ok &&
      strlen(text) == length)
    return 1;
  return refuse(call->env, "A text is missing, too long, or holds a zero.");
}

// `length` in elements.
static int take_array(const struct call *call, size_t index, napi_typedarray_type type, void **data, size_t *length) {
  bool is_array = false;
  napi_typedarray_type found;
  if (napi_is_typedarray(call->env, call->arguments[index], &is_array) == napi_ok && is_array &&
      napi_get_typedarray_info(call->env, call->arguments[index], &found, length, data, NULL, NULL) == napi_ok &&
      found == type && (*data || *length == 0))
    return 1;
  return refuse(call->env, "A buffer is missing or of the wrong type.");
}

static struct entry *take_entry(const struct call *call) {
  double handle;
  if (!take_integer(call, 0, 9007199254740991.0, &handle)) return NULL;
  for (int index = 0; index < MOST_SETS; index++)
    if (handle > 0 && call->addon->entries[index].handle == handle) return &call->addon->entries[index];
  refuse(call->env, "There is no such handle.");
  return NULL;
}

static napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

// --- functions

// create() -> handle, or a negative errno
static napi_value create(napi_env env, napi_callback_info info) {
  struct call call;
  struct uv_loop_s *loop = NULL;
  if (!begin(env, info, 0, &call)) return NULL;
  for (int index = 0; index < MOST_SETS; index++) {
    struct entry *entry = &call.addon->entries[index];
    if (entry->handle != 0) continue;
    const int known = uv_backend_fd && napi_get_uv_event_loop(env, &loop) == napi_ok && loop;
    const int code = sockets_init(&entry->sockets, known ? uv_backend_fd(loop) : -1);
    if (code < 0) return number(env, code);
    entry->handle = ++call.addon->last_handle;
    return number(env, entry->handle);
  }
  return number(env, -EMFILE);
}

// destroy(handle)
static napi_value destroy(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  if (!begin(env, info, 1, &call) || !(entry = take_entry(&call))) return NULL;
  entry->handle = 0;
  sockets_free(&entry->sockets);
  return NULL;
}

// open(handle, address, port, receiveBuffer, trafficClass) -> slot, or a negative errno
static napi_value open_socket(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  char text[LONGEST_TEXT];
  double port, buffer, class;
  if (!begin(env, info, 5, &call) || !(entry = take_entry(&call)) || !take_text(&call, 1, text) ||
      !take_integer(&call, 2, 65535, &port) || !take_integer(&call, 3, 1 << 30, &buffer) ||
      !take_integer(&call, 4, 255, &class))
    return NULL;
  const struct open_options options = {
      .address = text, .port = (int)port, .receive_buffer = (int)buffer, .traffic_class = (int)class};
  return number(env, sockets_open(&entry->sockets, &options));
}

// connect(handle, slot, port, address: Int32Array of 6) -> 0, or a negative errno
static napi_value connect_socket(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  void *data = NULL;
  size_t length = 0;
  double slot, port;
  int32_t words[ADDRESS_WORDS];
  if (!begin(env, info, 4, &call) || !(entry = take_entry(&call)) || !take_integer(&call, 1, UINT32_MAX, &slot) ||
      !take_integer(&call, 2, 65535, &port) || !take_array(&call, 3, napi_int32_array, &data, &length))
    return NULL;
  if (length < ADDRESS_WORDS) {
    refuse(env, "An address needs six words.");
    return NULL;
  }
  memcpy(words, data, sizeof words);
  return number(env, sockets_connect(&entry->sockets, (uint32_t)slot, (int)port, words));
}

// close(handle, slot) -> 0, or a negative errno
static napi_value close_socket(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  double slot;
  if (!begin(env, info, 2, &call) || !(entry = take_entry(&call)) || !take_integer(&call, 1, UINT32_MAX, &slot))
    return NULL;
  return number(env, sockets_close(&entry->sockets, (uint32_t)slot));
}

// localPort(handle, slot) -> port, or a negative errno
static napi_value local_port(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  double slot;
  if (!begin(env, info, 2, &call) || !(entry = take_entry(&call)) || !take_integer(&call, 1, UINT32_MAX, &slot))
    return NULL;
  return number(env, sockets_local_port(&entry->sockets, (uint32_t)slot));
}

// wait(handle, micros, watch) -> what ended it, or a negative errno
static napi_value wait_for(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  double micros, watch;
  if (!begin(env, info, 3, &call) || !(entry = take_entry(&call)) || !take_integer(&call, 1, LONGEST_WAIT, &micros) ||
      !take_integer(&call, 2, WOKEN_BY_LOOP | WOKEN_BY_DATAGRAMS, &watch))
    return NULL;
  return number(env, sockets_wait(&entry->sockets, (uint32_t)micros, (int)watch));
}

// receive(handle, arena: Uint8Array, place, rows: Int32Array) -> rows filled
static napi_value receive(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  void *arena = NULL, *rows = NULL;
  size_t arena_length = 0, words = 0;
  double place;
  if (!begin(env, info, 4, &call) || !(entry = take_entry(&call)) ||
      !take_array(&call, 1, napi_uint8_array, &arena, &arena_length) ||
      !take_integer(&call, 2, LARGEST_PLACE, &place) || !take_array(&call, 3, napi_int32_array, &rows, &words))
    return NULL;
  if (place < 1) {
    refuse(env, "A datagram's place must not be empty.");
    return NULL;
  }
  size_t capacity = arena_length / (size_t)place;
  if (capacity > words / RECEIVE_WORDS) capacity = words / RECEIVE_WORDS;
  if (capacity > UINT32_MAX) capacity = UINT32_MAX;
  return number(env, sockets_receive(&entry->sockets, arena, (size_t)place, rows, (uint32_t)capacity));
}

// send(handle, arena: Uint8Array, rows: Int32Array, count) -> datagrams that the kernel took
static napi_value send_rows(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  void *arena = NULL, *rows = NULL;
  size_t arena_length = 0, words = 0;
  double count;
  if (!begin(env, info, 4, &call) || !(entry = take_entry(&call)) ||
      !take_array(&call, 1, napi_uint8_array, &arena, &arena_length) ||
      !take_array(&call, 2, napi_int32_array, &rows, &words) || !take_integer(&call, 3, UINT32_MAX, &count))
    return NULL;
  if (count > (double)(words / SEND_WORDS)) {
    refuse(env, "There are fewer rows than that.");
    return NULL;
  }
  return number(env, sockets_send(&entry->sockets, arena, arena_length, rows, (uint32_t)count));
}

// sendAlike(handle, tail: Uint8Array, length, rows: Int32Array, count) -> datagrams that the kernel took
static napi_value send_alike(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  void *tail = NULL, *rows = NULL;
  size_t tail_length = 0, words = 0;
  double length, count;
  if (!begin(env, info, 5, &call) || !(entry = take_entry(&call)) ||
      !take_array(&call, 1, napi_uint8_array, &tail, &tail_length) || !take_integer(&call, 2, LONGEST_TAIL, &length) ||
      !take_array(&call, 3, napi_int32_array, &rows, &words) || !take_integer(&call, 4, UINT32_MAX, &count))
    return NULL;
  if (length > (double)tail_length || count > (double)(words / HEAD_WORDS)) {
    refuse(env, "There is less than that.");
    return NULL;
  }
  return number(env, sockets_send_alike(&entry->sockets, tail, (size_t)length, rows, (uint32_t)count));
}

// counters(handle, out: Float64Array) fills as many as there is room for
static napi_value counters(napi_env env, napi_callback_info info) {
  struct call call;
  struct entry *entry;
  void *out = NULL;
  size_t length = 0;
  if (!begin(env, info, 2, &call) || !(entry = take_entry(&call)) ||
      !take_array(&call, 1, napi_float64_array, &out, &length))
    return NULL;
  for (size_t index = 0; index < length && index < COUNTERS; index++)
    ((double *)out)[index] = (double)entry->sockets.counts[index];
  return NULL;
}

// encodeAddress(text, out: Int32Array of 6) -> 4 or 6, or 0 when the text is no numeric address
static napi_value encode_address(napi_env env, napi_callback_info info) {
  struct call call;
  char text[LONGEST_TEXT];
  void *out = NULL;
  size_t length = 0;
  if (!begin(env, info, 2, &call) || !take_text(&call, 0, text) ||
      !take_array(&call, 1, napi_int32_array, &out, &length))
    return NULL;
  if (length < ADDRESS_WORDS) {
    refuse(env, "An address needs six words.");
    return NULL;
  }
  return number(env, address_words(text, out));
}

// decodeAddress(words: Int32Array of 6) -> text, empty when they are no address
static napi_value decode_address(napi_env env, napi_callback_info info) {
  struct call call;
  char text[LONGEST_TEXT];
  void *words = NULL;
  size_t length = 0;
  napi_value result = NULL;
  if (!begin(env, info, 1, &call) || !take_array(&call, 0, napi_int32_array, &words, &length)) return NULL;
  if (length < ADDRESS_WORDS) {
    refuse(env, "An address needs six words.");
    return NULL;
  }
  address_text(words, text, sizeof text);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

// --- module

// Runs when the environment ends, also when a worker is terminated: no socket outlives its thread.
static void free_addon(napi_env env, void *data, void *hint) {
  struct addon *addon = data;
  (void)env;
  (void)hint;
  for (int index = 0; index < MOST_SETS; index++)
    if (addon->entries[index].handle != 0) sockets_free(&addon->entries[index].sockets);
  free(addon);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback body;
  } functions[] = {
      {"create", create},       {"destroy", destroy},       {"open", open_socket},
      {"connect", connect_socket}, {"close", close_socket},  {"localPort", local_port},  {"wait", wait_for},
      {"receive", receive},     {"send", send_rows},        {"sendAlike", send_alike},        {"counters", counters},
      {"encodeAddress", encode_address}, {"decodeAddress", decode_address},
  };
  struct addon *addon = calloc(1, sizeof *addon);
  if (!addon || napi_set_instance_data(env, addon, free_addon, NULL) != napi_ok) {
    free(addon);
    napi_throw_error(env, NULL, "The addon could not get memory.");
    return NULL;
  }
  for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
    napi_value function = NULL;
    if (napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].body, NULL, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, functions[index].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
