// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/dns_channel.h"

#include <algorithm>
#include <ares.h>
#include <array>
#include <netdb.h>
#include <utility>

#include <uv.h>

#include "proxy/base/bounds.h"
#include "proxy/uv/address.h"
#include "proxy/uv/timer.h"

namespace keyswap::uv {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kTickMs = 100;  // so often c-ares looks for what got no answer
constexpr int kClassInternet = 1;      // RFC 1035 section 3.2.4
constexpr int kTypeA = 1;              // section 3.2.2
constexpr int kTypeAaaa = 28;          // RFC 3596 section 2.1

base::Error error_of(int status) {
  using base::Errc;
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return {Errc::not_found, "the name does not resolve", status};
    case ARES_ETIMEOUT:
      return {Errc::timed_out, "no name server answers", status};
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
      return {Errc::closed, "the look-up was given up", status};
    default:
      return {Errc::network, "the name cannot be looked up", status};
  }
}

template <typename Sockaddr>
std::string text_of(const Sockaddr& address) {
  return from_sockaddr(reinterpret_cast<const sockaddr&>(address)).address;
}

std::string text_of(const ares_addrttl& record) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = record.ipaddr;
  return text_of(address);
}

std::string text_of(const ares_addr6ttl& record) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::ranges::copy(record.ip6addr._S6_un._S6_u8, address.sin6_addr.s6_addr);
  return text_of(address);
}

template <typename Record, typename Parse>
base::Result<DnsChannel::Found> read_answer(Parse parse, const unsigned char* bytes, int size) {
  std::array<Record, bounds::kAddressesPerHostMax> records{};
  int count = static_cast<int>(records.size());
  const int status = parse(bytes, size, nullptr, records.data(), &count);
  if (status != ARES_SUCCESS || count == 0) {
    return error_of(status == ARES_SUCCESS ? ARES_ENODATA : status);
  }
  DnsChannel::Found found{.addresses = {}, .ttl_s = records.front().ttl};
  for (int i = 0; i < count; ++i) {
    const Record& record = records.at(static_cast<std::size_t>(i));
    found.addresses.push_back(text_of(record));
    found.ttl_s = std::min<std::int64_t>(found.ttl_s, record.ttl);
  }
  return found;
}

struct Question {
  DnsChannel::Family family = DnsChannel::Family::ipv4;
  DnsChannel::Done done;
  std::size_t* pending = nullptr;

  static void on_answer(
      void* self, int status, int /*timeouts*/, unsigned char* bytes, int size) noexcept {
    const std::unique_ptr<Question> question(static_cast<Question*>(self));
    --*question->pending;
    if (status != ARES_SUCCESS) {
      question->done(error_of(status));
    } else if (question->family == DnsChannel::Family::ipv4) {
      question->done(read_answer<ares_addrttl>(ares_parse_a_reply, bytes, size));
    } else {
      question->done(read_answer<ares_addr6ttl>(ares_parse_aaaa_reply, bytes, size));
    }
  }
};

// A socket of c-ares that the loop looks at.
struct Poll {
  uv_poll_t handle{};
  ares_channel channel = nullptr;
  ares_socket_t socket = ARES_SOCKET_BAD;

  static void on_ready(uv_poll_t* handle, int status, int events) noexcept {
    const Poll& poll = *static_cast<Poll*>(handle->data);
    const bool reads = status < 0 || (events & UV_READABLE) != 0;
    const bool writes = status < 0 || (events & UV_WRITABLE) != 0;
    ares_process_fd(poll.channel,
                    reads ? poll.socket : ARES_SOCKET_BAD,
                    writes ? poll.socket : ARES_SOCKET_BAD);
  }

  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) noexcept {
      delete static_cast<Poll*>(closed->data);  // NOLINT: made in on_socket
    });
  }
};

void read_hosts_answer(void* out, int status, int /*timeouts*/, ares_addrinfo* answer) noexcept {
  auto& addresses = *static_cast<std::vector<std::string>*>(out);
  const ares_addrinfo_node* node = status == ARES_SUCCESS ? answer->nodes : nullptr;
  for (; node != nullptr && addresses.size() < bounds::kAddressesPerHostMax; node = node->ai_next) {
    addresses.push_back(from_sockaddr(*node->ai_addr).address);
  }
  if (answer != nullptr) {
    ares_freeaddrinfo(answer);
  }
}

}  // namespace

struct DnsChannel::State {
  explicit State(Loop& on) : loop(&on), tick(on, [this] { look_for_overdue(); }) {}

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() {
    ares_destroy(servers);  // tells every question, closes every socket
    ares_destroy(hosts);
  }

  // What is configured for it, apart from the servers and search domains of resolv.conf. Neither
  // HOSTALIASES nor an order of look-ups from elsewhere counts.
  base::Status open(ares_channel& channel, const char* order) {
    ares_options options{};
    std::string lookups(order);
    options.flags = ARES_FLAG_NOALIASES;
    options.timeout = static_cast<int>(bounds::kLookupTryMs);
    options.tries = bounds::kLookupTriesMax;
    options.lookups = lookups.data();
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    const int failed = ares_init_options(&channel,
                                         &options,
                                         ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                             ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (failed != ARES_SUCCESS) {
      channel = nullptr;
      return base::Error{base::Errc::io, "name look-ups cannot be prepared", failed};
    }
    return {};
  }

  void look_for_overdue() {
    ares_process_fd(servers, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (pending > 0) {
      tick.set(kTickMs);
    }
  }

  static void on_socket(void* self, ares_socket_t socket, int reads, int writes) noexcept {
    State& state = *static_cast<State*>(self);
    const auto found = std::ranges::find(state.polls, socket, &Poll::socket);
    const int events = (reads != 0 ? UV_READABLE : 0) | (writes != 0 ? UV_WRITABLE : 0);
    if (events == 0) {
      if (found != state.polls.end()) {
        (*found)->close();
        state.polls.erase(found);
      }
      return;
    }
    if (found != state.polls.end()) {
      uv_poll_start(&(*found)->handle, events, Poll::on_ready);
      return;
    }
    auto poll = std::make_unique<Poll>();
    if (uv_poll_init(state.loop->raw(), &poll->handle, socket) != 0) {
      return;  // the question ends when its time is up
    }
    poll->handle.data = poll.get();
    poll->channel = state.servers;
    poll->socket = socket;
    uv_poll_start(&poll->handle, events, Poll::on_ready);
    state.polls.push_back(poll.release());
  }

  Loop* loop;
  ares_channel servers = nullptr;
  ares_channel hosts = nullptr;
  std::vector<Poll*> polls;  // each frees itself in its close callback
  std::size_t pending = 0;
  Timer tick;
};

DnsChannel::DnsChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<DnsChannel>> DnsChannel::open(Loop& loop) {
  auto state = std::make_unique<State>(loop);
  KS_TRY(state->open(state->servers, "b"));
  KS_TRY(state->open(state->hosts, "f"));
  return std::unique_ptr<DnsChannel>(new DnsChannel(std::move(state)));
}

DnsChannel::~DnsChannel() = default;

std::vector<std::string> DnsChannel::from_hosts(const std::string& name) {
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  std::vector<std::string> addresses;
  ares_getaddrinfo(
      state_->hosts, name.c_str(), nullptr, &hints, read_hosts_answer, &addresses);  // at once
  return addresses;
}

void DnsChannel::ask(const std::string& name, Family family, Done done) {
  auto question = std::make_unique<Question>(Question{family, std::move(done), &state_->pending});
  if (state_->pending++ == 0) {
    state_->tick.set(kTickMs);
  }
  const int type = family == Family::ipv4 ? kTypeA : kTypeAaaa;
  const bool is_whole = name.find('.') != std::string::npos;
  const auto send = is_whole ? ares_query : ares_search;
  send(
      state_->servers, name.c_str(), kClassInternet, type, Question::on_answer, question.release());
}

std::size_t DnsChannel::pending() const {
  return state_->pending;
}

}  // namespace keyswap::uv
