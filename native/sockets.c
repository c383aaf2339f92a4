// Opening, waiting, receiving and sending over an epoll set (Linux).
// Level-triggered on purpose: what does not fit into one batch is still ready in the next, and nothing has to be remembered. Connected sockets
// carry a packet a frame: each is simply tried, which is cheaper than to be told of it.
#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 64, LAST_CAPACITY = 1 << 18, EVENTS = 256, RUN = 16, LONGEST_DATAGRAM = 65507 };
enum { LONGEST_AGE = 10 * 1000 * 1000 };
// Microseconds: whatever has waited for longer than a frame is likely not alone.
enum { FRAME = 20 * 1000 };

int sockets_init(struct sockets *self, int loop) {
  memset(self, 0, sizeof *self);
  self->loop = loop;
  self->epoll = epoll_create1(EPOLL_CLOEXEC);
  self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  self->slots = calloc(FIRST_CAPACITY, sizeof *self->slots);
  if (self->epoll < 0 || self->timer < 0 || !self->slots) {
    const int code = self->slots ? errno : ENOMEM;
    sockets_free(self);
    return -code;
  }
  self->capacity = FIRST_CAPACITY;
  for (uint32_t slot = 0; slot < self->capacity; slot++) self->slots[slot].fd = -1;
  return 0;
}

void sockets_free(struct sockets *self) {
  for (uint32_t slot = 0; slot < self->capacity; slot++)
    if (self->slots[slot].fd >= 0) sockets_close(self, slot);
  free(self->slots);
  free(self->connected);
  if (self->timer >= 0) close(self->timer);
  if (self->epoll >= 0) close(self->epoll);
  memset(self, 0, sizeof *self);
  self->epoll = self->timer = self->loop = -1;
}

// --- addresses

int address_words(const char *text, int32_t words[ADDRESS_WORDS]) {
  unsigned char bytes[16];
  char plain[INET6_ADDRSTRLEN];
  memset(words, 0, ADDRESS_WORDS * sizeof *words);
  if (inet_pton(AF_INET, text, bytes) == 1) {
    words[0] = 4;
    memcpy(&words[1], bytes, 4);
    return 4;
  }
  const char *percent = strchr(text, '%');
  const size_t length = percent ? (size_t)(percent - text) : strlen(text);
  if (length >= sizeof plain) return 0;
  memcpy(plain, text, length);
  plain[length] = '\0';
  if (inet_pton(AF_INET6, plain, bytes) != 1) return 0;
  if (percent) {
    char *end;
    const unsigned long number = strtoul(percent + 1, &end, 10);
    const unsigned int scope = *end == '\0' && end != percent + 1 && number <= INT32_MAX
                                   ? (unsigned int)number
                                   : if_nametoindex(percent + 1);
    if (scope == 0) return 0;
    words[5] = (int32_t)scope;
  }
  words[0] = 6;
  memcpy(&words[1], bytes, 16);
  return 6;
}

void address_text(const int32_t words[ADDRESS_WORDS], char *text, size_t size) {
  char name[IF_NAMESIZE];
  text[0] = '\0';
  if (words[0] == 4) {
    inet_ntop(AF_INET, &words[1], text, (socklen_t)size);
  } else if (words[0] == 6 && inet_ntop(AF_INET6, &words[1], text, (socklen_t)size) && words[5] != 0) {
    const size_t length = strlen(text);
    if (if_indextoname((unsigned int)words[5], name)) snprintf(text + length, size - length, "%%%s", name);
    else snprintf(text + length, size - length, "%%%u", (unsigned int)words[5]);
  }
}

// For a socket of `family`; 0 when the two do not go together.
static socklen_t to_kernel(const int32_t words[ADDRESS_WORDS], int port, int family, union address *out) {
  if (family == AF_INET) {
    if (words[0] != 4) return 0;
    memset(&out->v4, 0, sizeof out->v4);
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    memcpy(&out->v4.sin_addr, &words[1], 4);
    return sizeof out->v4;
  }
  if (words[0] != 4 && words[0] != 6) return 0;
  memset(&out->v6, 0, sizeof out->v6);
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons((uint16_t)port);
  if (words[0] == 4) {
    // RFC 4291 §2.5.5.2: an IPv6 socket reaches IPv4 by the mapped address.
    out->v6.sin6_addr.s6_addr[10] = out->v6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&out->v6.sin6_addr.s6_addr[12], &words[1], 4);
  } else {
    memcpy(&out->v6.sin6_addr, &words[1], 16);
    out->v6.sin6_scope_id = (uint32_t)words[5];
  }
  return sizeof out->v6;
}

// Port and address words; a mapped address is told as the IPv4 address that it is.
static void from_kernel(const union address *from, int32_t *port, int32_t words[ADDRESS_WORDS]) {
  memset(words, 0, ADDRESS_WORDS * sizeof *words);
  *port = 0;
  if (from->any.sa_family == AF_INET) {
    *port = ntohs(from->v4.sin_port);
    words[0] = 4;
    memcpy(&words[1], &from->v4.sin_addr, 4);
  } else if (from->any.sa_family == AF_INET6) {
    *port = ntohs(from->v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr)) {
      words[0] = 4;
      memcpy(&words[1], &from->v6.sin6_addr.s6_addr[12], 4);
    } else {
      words[0] = 6;
      memcpy(&words[1], &from->v6.sin6_addr, 16);
      words[5] = (int32_t)from->v6.sin6_scope_id;
    }
  }
}

// --- slots

// Reuse comes late: the table stays at least half empty, and the search goes round.
static int free_slot(struct sockets *self) {
  if (self->open >= self->capacity / 2) {
    if (self->capacity >= LAST_CAPACITY) return -EMFILE;
    struct slot *bigger = realloc(self->slots, 2 * (size_t)self->capacity * sizeof *bigger);
    if (!bigger) return -ENOMEM;
    self->slots = bigger;
    for (uint32_t slot = self->capacity; slot < 2 * self->capacity; slot++) bigger[slot].fd = -1;
    self->cursor = self->capacity;
    self->capacity *= 2;
  }
  while (self->slots[self->cursor % self->capacity].fd >= 0) self->cursor++;
  const uint32_t slot = self->cursor % self->capacity;
  self->cursor = slot + 1;
  return (int)slot;
}

static void set(int fd, int level, int option, int value) {
  // Options only make things better; they are allowed to fail.
  setsockopt(fd, level, option, &value, sizeof value);
}

static int new_socket(const struct slot *slot) {
  const int fd = socket(slot->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (slot->receive_buffer > 0) set(fd, SOL_SOCKET, SO_RCVBUF, slot->receive_buffer);
  if (slot->traffic_class > 0) set(fd, IPPROTO_IP, IP_TOS, slot->traffic_class);
  if (slot->family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (slot->family == AF_INET6 && slot->traffic_class > 0) set(fd, IPPROTO_IPV6, IPV6_TCLASS, slot->traffic_class);
  return fd;
}

static int watch(const struct sockets *self, int fd, uint32_t slot) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = slot}};
  return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int close_with(int fd, int code) {
  close(fd);
  return -code;
}

int sockets_open(struct sockets *self, const struct open_options *options) {
  int32_t words[ADDRESS_WORDS];
  union address address;
  const int family = address_words(options->address, words) == 6 ? AF_INET6 : AF_INET;
  const socklen_t length = to_kernel(words, options->port, family, &address);
  if (length == 0) return -EINVAL;
  const int number = free_slot(self);
  if (number < 0) return number;
  struct slot slot = {.near = -1, .family = family, .receive_buffer = options->receive_buffer,
                      .traffic_class = options->traffic_class};
  slot.fd = new_socket(&slot);
  if (slot.fd < 0) return slot.fd;
  if (bind(slot.fd, &address.any, length) < 0 || watch(self, slot.fd, (uint32_t)number) < 0)
    return close_with(slot.fd, errno);
  self->slots[number] = slot;
  self->open++;
  return number;
}

static const struct slot *find(const struct sockets *self, uint32_t slot) {
  return slot < self->capacity && self->slots[slot].fd >= 0 ? &self->slots[slot] : NULL;
}

// A second socket on the slot's port. Sharing is allowed for this moment only, so that nobody else can join.
static int open_near(const struct sockets *self, uint32_t number) {
  const struct slot *slot = &self->slots[number];
  union address own;
  socklen_t length = sizeof own;
  if (getsockname(slot->fd, &own.any, &length) < 0) return -errno;
  const int near = new_socket(slot);
  if (near < 0) return near;
  set(slot->fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set(near, SOL_SOCKET, SO_REUSEADDR, 1);
  const int bound = bind(near, &own.any, length) < 0 ? errno : 0;
  set(slot->fd, SOL_SOCKET, SO_REUSEADDR, 0);
  set(near, SOL_SOCKET, SO_REUSEADDR, 0);
  return bound != 0 ? close_with(near, bound) : near;
}

// Room for one more connected slot; 0 when there is no memory.
static int make_room(struct sockets *self) {
  if (self->connected_count < self->connected_capacity) return 1;
  const uint32_t capacity = self->connected_capacity ? 2 * self->connected_capacity : FIRST_CAPACITY;
  uint32_t *bigger = realloc(self->connected, capacity * sizeof *bigger);
  if (!bigger) return 0;
  self->connected = bigger;
  self->connected_capacity = capacity;
  return 1;
}

int sockets_connect(struct sockets *self, uint32_t number, int port, const int32_t words[ADDRESS_WORDS]) {
  union address peer;
  if (!find(self, number)) return -EBADF;
  struct slot *slot = &self->slots[number];
  const socklen_t length = to_kernel(words, port, slot->family, &peer);
  if (length == 0 || port < 1) return -EINVAL;
  if (!make_room(self)) return -ENOMEM;
  const int near = slot->near >= 0 ? slot->near : open_near(self, number);
  if (near < 0) return near;
  if (slot->near < 0) {
    slot->place = self->connected_count;
    self->connected[self->connected_count++] = number;
  }
  slot->near = near;
  // Known only when it holds; until then nothing is sent by it, yet what it was given is read.
  memset(&slot->peer, 0, sizeof slot->peer);
  slot->proven = 0;
  // Parting from the last peer lets the kernel choose our address anew.
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  connect(near, &nobody, sizeof nobody);
  if (connect(near, &peer.any, length) < 0) return -errno;
  memcpy(&slot->peer, &peer, length);
  return 0;
}

static int is_near(const struct slot *slot, const union address *to, socklen_t length) {
  return slot->near >= 0 && memcmp(&slot->peer, to, length) == 0;
}

static void end(const struct sockets *self, int fd) {
  // A child that was forked and has not yet become its program still holds the descriptor, so closing would not be enough.
  epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL);
  close(fd);
}

int sockets_close(struct sockets *self, uint32_t slot) {
  if (!find(self, slot)) return -EBADF;
  end(self, self->slots[slot].fd);
  if (self->slots[slot].near >= 0) {
    close(self->slots[slot].near);
    const uint32_t last = self->connected[--self->connected_count];
    self->connected[self->slots[slot].place] = last;
    self->slots[last].place = self->slots[slot].place;
  }
  self->slots[slot].fd = -1;
  self->open--;
  return 0;
}

int sockets_local_port(const struct sockets *self, uint32_t slot) {
  const struct slot *known = find(self, slot);
  union address address;
  socklen_t length = sizeof address;
  int32_t port, words[ADDRESS_WORDS];
  if (!known) return -EBADF;
  if (getsockname(known->fd, &address.any, &length) < 0) return -errno;
  from_kernel(&address, &port, words);
  return port;
}

// --- waiting

int sockets_wait(struct sockets *self, uint32_t micros, int watch) {
  struct pollfd watched[3] = {{.fd = self->timer, .events = POLLIN}, {.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
  if (watch & WOKEN_BY_LOOP) watched[1].fd = self->loop;
  if (watch & WOKEN_BY_DATAGRAMS) watched[2].fd = self->epoll;
  // A timer descriptor is on time to some 10 us; the time-outs of poll and epoll are given slack. 0 would disarm it.
  const struct itimerspec at = {.it_value = {.tv_sec = micros / 1000000, .tv_nsec = (long)(micros % 1000000) * 1000 + 1}};
  if (micros > 0 && timerfd_settime(self->timer, 0, &at, NULL) < 0) return -errno;
  const int ready = poll(watched, 3, micros > 0 ? -1 : 0);
  if (ready < 0 && errno != EINTR) return -errno;
  if (ready <= 0) return micros > 0 ? 0 : WOKEN_BY_DEADLINE;
  return (watched[0].revents ? WOKEN_BY_DEADLINE : 0) | (watched[1].revents ? WOKEN_BY_LOOP : 0) |
         (watched[2].revents ? WOKEN_BY_DATAGRAMS : 0);
}

// --- receiving

// Microseconds since the kernel took the datagram in; 0 when it does not say.
static int32_t age_of(struct msghdr *message, const struct timespec *now) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec then;
    if (part->cmsg_len < CMSG_LEN(sizeof then)) return 0;
    memcpy(&then, CMSG_DATA(part), sizeof then);
    const int64_t seconds = (int64_t)now->tv_sec - then.tv_sec;
    // The wall clock may have been set between the two.
    if (seconds < 0 || seconds > LONGEST_AGE / 1000000) return 0;
    const int64_t age = seconds * 1000000 + ((int64_t)now->tv_nsec - then.tv_nsec) / 1000;
    return age < 0 ? 0 : age > LONGEST_AGE ? LONGEST_AGE : (int32_t)age;
  }
  return 0;
}

static int same_address(const union address *one, const union address *other) {
  if (one->any.sa_family != other->any.sa_family) return 0;
  if (one->any.sa_family == AF_INET)
    return one->v4.sin_port == other->v4.sin_port && one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
  return one->any.sa_family == AF_INET6 && one->v6.sin6_port == other->v6.sin6_port &&
         one->v6.sin6_scope_id == other->v6.sin6_scope_id &&
         memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof one->v6.sin6_addr) == 0;
}

struct receive_into {
  uint8_t *arena;
  size_t place;
  int32_t *rows;
  uint32_t capacity;
};

// The first words of a datagram, and whether all the rest of it is one octet.
static void summarize(const uint8_t *bytes, size_t length, int32_t *row) {
  uint32_t words[HEAD_WORDS - HEAD_START] = {0};
  row[RECEIVE_FILL] = UNLIKE;
  if (length >= sizeof words) memcpy(words, bytes, sizeof words);
  for (int index = 0; index < HEAD_WORDS - HEAD_START; index++) row[RECEIVE_HEAD + index] = (int32_t)ntohl(words[index]);
  if (length <= sizeof words) return;
  const uint8_t *rest = bytes + sizeof words;
  if (memcmp(rest, rest + 1, length - sizeof words - 1) == 0) row[RECEIVE_FILL] = rest[0];
}

// Nothing was there: whatever comes to the connected socket from now on, the kernel has compared with its peer.
static void found_empty(struct slot *slot, int near) {
  if (near && slot->peer.any.sa_family != AF_UNSPEC) slot->proven = 1;
}

// One datagram of a slot's one or other socket into `place`; 0 when there was none.
static int receive_one(struct sockets *self, uint32_t number, int near, struct iovec place, int32_t *row,
                       const struct timespec *now) {
  if (!find(self, number)) return 0;
  struct slot *slot = &self->slots[number];
  // Who sent it is asked only while it is not known: the answer is 7 % of the call.
  const int proven = near && slot->proven;
  union address from;
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(struct timespec)) + 32];
  } control;
  struct msghdr message = {.msg_name = proven ? NULL : &from, .msg_namelen = proven ? 0 : sizeof from,
                           .msg_iov = &place, .msg_iovlen = 1,
                           .msg_control = &control, .msg_controllen = sizeof control.bytes};
  from.any.sa_family = AF_UNSPEC;
  const ssize_t length = recvmsg(near ? slot->near : slot->fd, &message, MSG_DONTWAIT);
  if (length < 0) {
    // An ICMP error of something sent earlier is told here; reading it clears it.
    if (errno == EAGAIN) found_empty(slot, near);
    else if (errno != EINTR) self->counts[COUNT_RECEIVE_ERRORS]++;
    return 0;
  }
  const int truncated = (message.msg_flags & MSG_TRUNC) != 0;
  row[RECEIVE_SLOT] = (int32_t)number;
  row[RECEIVE_LENGTH] = (int32_t)length;
  row[RECEIVE_TRUNCATED] = truncated;
  row[RECEIVE_AGE] = age_of(&message, now);
  if (proven || (near && same_address(&from, &slot->peer))) {
    row[RECEIVE_PORT] = PEER;
    summarize(place.iov_base, truncated ? 0 : (size_t)length, row);
  } else from_kernel(&from, &row[RECEIVE_PORT], &row[RECEIVE_ADDRESS]);
  self->counts[COUNT_RECEIVED]++;
  self->counts[COUNT_TRUNCATED] += (uint64_t)truncated;
  return 1;
}

// The next connected socket: one datagram, or all when there are likely several or it was not yet seen empty. Returns how many.
static uint32_t receive_connected(struct sockets *self, struct receive_into *into, uint32_t count, const struct timespec *now) {
  const uint32_t number = self->connected[self->next];
  struct slot *slot = &self->slots[number];
  const uint32_t before = count;
  int more = 1;
  while (more && count < into->capacity) {
    const struct iovec at = {.iov_base = into->arena + (size_t)count * into->place, .iov_len = into->place};
    int32_t *row = &into->rows[(size_t)count * RECEIVE_WORDS];
    const int got = receive_one(self, number, 1, at, row, now);
    more = got && (slot->crowded || !slot->proven || row[RECEIVE_AGE] >= FRAME);
    count += (uint32_t)got;
  }
  slot->crowded = count - before > 1;
  // Out of room with more to come: the next call goes on here.
  if (!more) self->next++;
  return count - before;
}

uint32_t sockets_receive(struct sockets *self, uint8_t *arena, size_t place, int32_t *rows, uint32_t capacity) {
  struct receive_into into = {.arena = arena, .place = place, .rows = rows, .capacity = capacity};
  struct epoll_event events[EVENTS];
  struct timespec now;
  uint32_t count = 0;
  clock_gettime(CLOCK_REALTIME, &now);
  while (count < capacity && self->next < self->connected_count)
    count += receive_connected(self, &into, count, &now);
  while (count < capacity) {
    const uint32_t room = capacity - count;
    const int ready = epoll_wait(self->epoll, events, room < EVENTS ? (int)room : EVENTS, 0);
    const uint32_t before = count;
    for (int index = 0; index < ready; index++) {
      const struct iovec at = {.iov_base = arena + (size_t)count * place, .iov_len = place};
      int32_t *row = &rows[(size_t)count * RECEIVE_WORDS];
      count += (uint32_t)receive_one(self, events[index].data.u32, 0, at, row, &now);
    }
    // Nothing more, or sockets with nothing but errors: those are told again at the next call.
    if (count == before) break;
  }
  // Less than was asked for: that was all, and the next call begins anew.
  if (count < capacity) self->next = 0;
  return count;
}

// --- sending

// Reads a row once, since another thread may share its memory; 0 when it makes no sense.
static socklen_t read_row(const struct slot *slot, const int32_t *row, size_t arena_length, struct iovec *bytes,
                          union address *to, int *near) {
  int32_t words[SEND_WORDS];
  memcpy(words, row, sizeof words);
  const int32_t offset = words[SEND_OFFSET], length = words[SEND_LENGTH], port = words[SEND_PORT];
  *near = port == PEER;
  if (!slot || offset < 0 || length < 0 || length > LONGEST_DATAGRAM) return 0;
  if (*near ? slot->near < 0 || slot->peer.any.sa_family == AF_UNSPEC : port < 1 || port > 65535) return 0;
  if ((size_t)offset > arena_length || (size_t)length > arena_length - (size_t)offset) return 0;
  bytes->iov_base = (uint8_t *)bytes->iov_base + offset;
  bytes->iov_len = (size_t)length;
  if (*near) return sizeof *to;
  const socklen_t known = to_kernel(&words[SEND_ADDRESS], port, slot->family, to);
  *near = known > 0 && is_near(slot, to, known);
  return known;
}

static void count_failure(struct sockets *self, int code) {
  self->counts[code == EAGAIN || code == ENOBUFS || code == ENOMEM ? COUNT_NO_ROOM : COUNT_SEND_ERRORS]++;
}

// A lone datagram is cheaper without the vector around it, and without the header.
static int send_one(int fd, const struct msghdr *message) {
  const struct iovec *bytes = message->msg_iov;
  return sendto(fd, bytes->iov_base, bytes->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL, message->msg_name,
                message->msg_namelen) < 0 ? -1 : 1;
}

// Sends messages of one socket; what fails is passed over.
static uint32_t send_run(struct sockets *self, int fd, struct mmsghdr *messages, unsigned int count) {
  uint32_t sent = 0;
  unsigned int at = 0;
  int again = 1;
  while (at < count) {
    const int taken = count == 1 ? send_one(fd, &messages[0].msg_hdr)
                                 : sendmmsg(fd, messages + at, count - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken > 0) {
      sent += (uint32_t)taken;
      at += (unsigned int)taken;
      again = 1;
    } else if (again && taken < 0 && (errno == EINTR || errno == ECONNREFUSED)) {
      // An ICMP error of an earlier datagram, told instead of sending this one.
      again = 0;
    } else {
      count_failure(self, taken < 0 ? errno : EIO);
      at++;
      again = 1;
    }
  }
  return sent;
}

uint32_t sockets_send(struct sockets *self, const uint8_t *arena, size_t arena_length, const int32_t *rows,
                      uint32_t count) {
  struct mmsghdr messages[RUN];
  struct iovec bytes[RUN];
  union address to[RUN];
  uint32_t sent = 0, at = 0;
  while (at < count) {
    const int32_t *row = &rows[(size_t)at * SEND_WORDS];
    const int32_t number = row[SEND_SLOT];
    const struct slot *slot = find(self, (uint32_t)number);
    unsigned int run = 0;
    int fd = -1;
    do {
      bytes[run] = (struct iovec){.iov_base = (void *)(uintptr_t)arena};
      int near;
      const socklen_t length = read_row(slot, row, arena_length, &bytes[run], &to[run], &near);
      // A run leaves by one socket.
      if (length > 0 && run > 0 && fd != (near ? slot->near : slot->fd)) break;
      row += SEND_WORDS;
      at++;
      if (length == 0) {
        self->counts[COUNT_BAD_ROWS]++;
        continue;
      }
      fd = near ? slot->near : slot->fd;
      messages[run].msg_hdr = (struct msghdr){.msg_name = near ? NULL : &to[run], .msg_namelen = near ? 0 : length,
                                              .msg_iov = &bytes[run], .msg_iovlen = 1};
      run++;
    } while (at < count && run < RUN && row[SEND_SLOT] == number);
    if (run > 0) sent += send_run(self, fd, messages, run);
  }
  self->counts[COUNT_SENT] += sent;
  return sent;
}

uint32_t sockets_send_alike(struct sockets *self, const uint8_t *tail, size_t tail_length, const int32_t *rows, uint32_t count) {
  uint8_t datagram[HEAD_OCTETS + LONGEST_TAIL];
  struct iovec bytes = {.iov_base = datagram, .iov_len = HEAD_OCTETS + tail_length};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &bytes, .msg_iovlen = 1}};
  uint32_t sent = 0;
  if (tail_length > LONGEST_TAIL) return 0;
  if (tail_length > 0) memcpy(datagram + HEAD_OCTETS, tail, tail_length);
  for (uint32_t at = 0; at < count; at++) {
    const int32_t *row = &rows[(size_t)at * HEAD_WORDS];
    const struct slot *slot = find(self, (uint32_t)row[HEAD_SLOT]);
    if (!slot || slot->near < 0 || slot->peer.any.sa_family == AF_UNSPEC) {
      self->counts[COUNT_BAD_ROWS]++;
      continue;
    }
    memcpy(datagram, &row[HEAD_START], HEAD_OCTETS);
    sent += send_run(self, slot->near, &message, 1);
  }
  self->counts[COUNT_SENT] += sent;
  return sent;
}
