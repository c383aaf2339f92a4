// Many UDP sockets moved in batches: what the addon does, without a word about JavaScript.
// Everything here is told sizes by its caller and trusts nothing that lies in a table.
#ifndef PARTYLINE_SOCKETS_H
#define PARTYLINE_SOCKETS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

// Words of an address: family (4, 6, or 0 for none), then four words in network order, then the scope of a link-local one.
enum { ADDRESS_WORDS = 6 };

// One row per received datagram: slot, length, truncated, age in microseconds, port, address. Port PEER, and no address, for what came
// from the peer that the slot is connected to.
// Of a datagram from that peer its first three words follow in place of the address, in the machine's order, and the octet that all others
// are, or UNLIKE.
enum { RECEIVE_SLOT, RECEIVE_LENGTH, RECEIVE_TRUNCATED, RECEIVE_AGE, RECEIVE_PORT, RECEIVE_ADDRESS };
enum { RECEIVE_WORDS = RECEIVE_ADDRESS + ADDRESS_WORDS };
enum { RECEIVE_HEAD = RECEIVE_ADDRESS, RECEIVE_FILL = RECEIVE_HEAD + 3, UNLIKE = -1 };

// One row per datagram to send: slot, offset and length in the arena, port, address. Port PEER is the one that the slot is connected to.
enum { SEND_SLOT, SEND_OFFSET, SEND_LENGTH, SEND_PORT, SEND_ADDRESS };
enum { SEND_WORDS = SEND_ADDRESS + ADDRESS_WORDS };

// One row per datagram that differs from others in its first words only: slot, and these words.
enum { HEAD_SLOT, HEAD_START, HEAD_WORDS = 4 };
enum { HEAD_OCTETS = (HEAD_WORDS - HEAD_START) * 4, LONGEST_TAIL = 2048 };

// In place of a port.
enum { PEER = -1 };

// What ended a wait; also what a wait may watch besides its deadline.
enum { WOKEN_BY_DEADLINE = 1, WOKEN_BY_LOOP = 2, WOKEN_BY_DATAGRAMS = 4 };

enum counter {
  COUNT_RECEIVED,
  COUNT_TRUNCATED,
  COUNT_RECEIVE_ERRORS,
  COUNT_SENT,
  // The socket's buffer, or the kernel's, was full.
  COUNT_NO_ROOM,
  // The kernel said no: unreachable, not permitted, too long.
  COUNT_SEND_ERRORS,
  // The row made no sense: no such slot, outside the arena, an address of the wrong family.
  COUNT_BAD_ROWS,
  COUNTERS
};

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

struct slot {
  int fd;    // -1 when free
  int near;  // connected to `peer`, on the same port; -1 when there is none
  uint32_t place;  // where in the list of those that have one
  int crowded;     // several datagrams were waiting in it last time
  int proven;      // it was empty since it was connected, so that all in it is from its peer
  int family;
  int receive_buffer;
  int traffic_class;
  union address peer;
};

struct sockets {
  int epoll;
  int timer;
  int loop;  // descriptor of the event loop, watched but not owned; -1 when there is none
  struct slot *slots;
  uint32_t capacity;
  uint32_t open;
  uint32_t cursor;
  uint32_t *connected;  // slots with a connected socket, which are looked into in turn rather than waited for
  uint32_t connected_count;
  uint32_t connected_capacity;
  uint32_t next;  // the one to be looked into next
  uint64_t counts[COUNTERS];
};

struct open_options {
  const char *address;  // numeric
  int port;             // 0 lets the kernel choose
  int receive_buffer;   // octets; 0 leaves the kernel's
  int traffic_class;    // the whole octet; 0 leaves the kernel's
};

// These return 0 or more, or a negative errno.
int sockets_init(struct sockets *self, int loop);
void sockets_free(struct sockets *self);
int sockets_open(struct sockets *self, const struct open_options *options);
// From now on what goes to that address saves the kernel's search for a route; what comes from elsewhere is still received.
int sockets_connect(struct sockets *self, uint32_t slot, int port, const int32_t words[ADDRESS_WORDS]);
int sockets_close(struct sockets *self, uint32_t slot);
int sockets_local_port(const struct sockets *self, uint32_t slot);
int sockets_wait(struct sockets *self, uint32_t micros, int watch);

// Fills rows and arena places (one of `place` octets per row) with what has arrived; returns how many. Never blocks.
uint32_t sockets_receive(struct sockets *self, uint8_t *arena, size_t place, int32_t *rows, uint32_t capacity);
// Sends what the rows say; returns how many the kernel took. Never blocks; what fails is counted.
uint32_t sockets_send(struct sockets *self, const uint8_t *arena, size_t arena_length, const int32_t *rows,
                      uint32_t count);

// Sends to the connected peers of the rows' slots: a row's own words, then the tail, LONGEST_TAIL octets at most.
uint32_t sockets_send_alike(struct sockets *self, const uint8_t *tail, size_t tail_length, const int32_t *rows, uint32_t count);

// Numeric text to words and back. The first returns 0 when it is no address; the second writes an empty text then.
int address_words(const char *text, int32_t words[ADDRESS_WORDS]);
void address_text(const int32_t words[ADDRESS_WORDS], char *text, size_t size);

#endif
