// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_client.h"

#include <algorithm>
#include <curl/curl.h>
#include <linux/close_range.h>
#include <optional>
#include <unordered_map>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/outgoing/call_memory.h"
#include "proxy/outgoing/call_transfer.h"
#include "proxy/uv/timer.h"
#include "proxy/uv/watch.h"

namespace keyswap::outgoing {

namespace {

namespace bounds = base::bounds;
using base::Errc;
using base::Error;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr int kServerError = 500;
constexpr int kBadGateway = 502;
constexpr int kGatewayTimeout = 504;

static_assert(CURL_POLL_IN == uv::SocketWatch::kReadable &&
              CURL_POLL_OUT == uv::SocketWatch::kWritable);
static_assert(CURL_CSELECT_IN == uv::SocketWatch::kReadable &&
              CURL_CSELECT_OUT == uv::SocketWatch::kWritable);

// No program inherits what libcurl opens for itself without saying so: a pair of sockets to be
// woken by. Whatever else is open is not for programs either.
void close_on_exec() {
  static_cast<void>(::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC));
}

}  // namespace

// --- libcurl on the loop ---

struct CallClient::State {
  State(uv::Loop& of_loop, uv::Resolver& of_resolver, const base::Clock& of_clock, LeadsHere here)
      : loop(&of_loop),
        resolver(&of_resolver),
        clock(&of_clock),
        leads_here(std::move(here)),
        timer(of_loop, [this] { go_on(CURL_SOCKET_TIMEOUT, 0); }) {}

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() {
    sockets.clear();
    static_cast<void>(::curl_multi_cleanup(multi));
  }

  void go_on(curl_socket_t socket, int events);
  void tell_ended();

  static int on_socket(
      CURL* /*handle*/, curl_socket_t socket, int what, void* state, void* /*of_socket*/) noexcept;
  static int on_timer(CURLM* /*multi*/, long wait_ms, void* state) noexcept;

  uv::Loop* loop;
  uv::Resolver* resolver;
  const base::Clock* clock;
  LeadsHere leads_here;
  CURLM* multi = nullptr;
  uv::Timer timer;  // libcurl's
  std::unordered_map<curl_socket_t, std::unique_ptr<uv::SocketWatch>> sockets;
};

int CallClient::State::on_socket(
    CURL* /*handle*/, curl_socket_t socket, int what, void* state, void* /*of_socket*/) noexcept {
  State& self = *static_cast<State*>(state);
  if (what == CURL_POLL_REMOVE) {
    self.sockets.erase(socket);
    return 0;
  }
  auto& watch = self.sockets[socket];
  if (watch == nullptr) {
    watch = std::make_unique<uv::SocketWatch>(
        *self.loop, socket, [&self, socket](int events) { self.go_on(socket, events); });
  }
  return watch->watch(what) ? 0 : -1;
}

int CallClient::State::on_timer(CURLM* /*multi*/, long wait_ms, void* state) noexcept {
  State& self = *static_cast<State*>(state);
  if (wait_ms < 0) {
    self.timer.clear();
  } else {
    self.timer.set(wait_ms);
  }
  return 0;
}

void CallClient::State::go_on(curl_socket_t socket, int events) {
  int running = 0;
  static_cast<void>(::curl_multi_socket_action(multi, socket, events, &running));
  tell_ended();
}

base::Result<std::unique_ptr<CallClient>> CallClient::create(uv::Loop& loop,
                                                             uv::Resolver& resolver,
                                                             const base::Clock& clock,
                                                             LeadsHere leads_here) {
  KS_TRY(start_call_memory());
  auto state = std::make_unique<State>(loop, resolver, clock, std::move(leads_here));
  CURLM* const multi = ::curl_multi_init();
  state->multi = multi;
  close_on_exec();
  // NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): libcurl's only way
  const bool is_set =
      multi != nullptr &&
      ::curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket) == CURLM_OK &&
      ::curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, state.get()) == CURLM_OK &&
      ::curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer) == CURLM_OK &&
      ::curl_multi_setopt(multi, CURLMOPT_TIMERDATA, state.get()) == CURLM_OK &&
      ::curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK;
  // NOLINTEND(cppcoreguidelines-pro-type-vararg)
  if (!is_set) {
    return Error{Errc::unavailable, "no locked memory for calls"};
  }
  return std::unique_ptr<CallClient>(new CallClient(std::move(state)));
}

CallClient::CallClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

CallClient::~CallClient() = default;

// --- one call ---

struct OutgoingCall::State {
  State(CallClient::State& of_client, CallPolicy of_policy, std::int64_t wait_ms, Answered told)
      : client(&of_client),
        policy(std::move(of_policy)),
        ends_ms(of_client.loop->now_ms() + wait_ms),
        answered(std::move(told)),
        deadline(*of_client.loop,
                 [this] {
                   tell(Error{Errc::timed_out, "a source did not answer in time"});
                 }),
        later(*of_client.loop, [this] { due(); }) {
    deadline.set(wait_ms);
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() { withdraw(); }

  void begin(const vault::Call& call);
  void look_up();
  void learnt(const uv::Lookup::Answer& answer);
  void send();
  void ended(int code);
  // The next turn, and the pause before the second time.
  void due();
  void fail_later(const Error& error);
  void withdraw();
  void tell(vault::Answer answer);
  [[nodiscard]] bool is_worth_another(int code) const;

  CallClient::State* client;
  CallPolicy policy;
  std::int64_t ends_ms;
  Answered answered;
  uv::Timer deadline;
  uv::Timer later;
  std::optional<Error> failed;  // to be told in the next turn
  std::optional<CallRequest> request;
  std::optional<CallGuard> guard;
  std::unique_ptr<uv::Lookup> lookup;
  std::unique_ptr<CallTransfer> transfer;
  bool is_under_way = false;  // the multi handle has it
  bool was_sent_again = false;
};

OutgoingCall::OutgoingCall(CallClient& client,
                           const CallPolicy& policy,
                           const vault::Call& call,
                           std::int64_t wait_ms,
                           Answered answered)
    : state_(std::make_unique<State>(*client.state_,
                                     policy,
                                     std::clamp<std::int64_t>(wait_ms, 1, bounds::kCallMs),
                                     std::move(answered))) {
  state_->begin(call);
}

OutgoingCall::~OutgoingCall() = default;

void OutgoingCall::State::begin(const vault::Call& call) {
  auto made = CallRequest::of(call);
  if (!made) {
    fail_later(made.error());
    return;
  }
  request = std::move(*made);
  auto judged = CallGuard::of(call.url, policy, client->leads_here);
  if (!judged) {
    fail_later(judged.error());
    return;
  }
  guard = std::move(*judged);
  later.set(0);
}

void OutgoingCall::State::due() {
  if (failed) {
    tell(*failed);
  } else if (!guard->wants().empty()) {
    look_up();
  } else {
    send();
  }
}

void OutgoingCall::State::look_up() {
  lookup = std::make_unique<uv::Lookup>(
      *client->resolver, guard->wants(), [this](const uv::Lookup::Answer& answer) {
        learnt(answer);
      });
}

void OutgoingCall::State::learnt(const uv::Lookup::Answer& answer) {
  if (const auto taken = guard->learn(answer); !taken) {
    fail_later(taken.error());
  } else {
    later.set(0);  // the look-up that tells this may not go in it
  }
}

void OutgoingCall::State::send() {
  if (transfer == nullptr) {
    auto made = CallTransfer::create(*request, *guard, *policy.tls, this);
    if (!made) {
      tell(made.error());
      return;
    }
    transfer = std::move(*made);
  }
  const std::int64_t wait_ms = std::max<std::int64_t>(ends_ms - client->loop->now_ms(), 1);
  if (const auto ready = transfer->prepare(wait_ms, client->clock->wall_us() / kUsPerSecond);
      !ready) {
    tell(ready.error());
    return;
  }
  is_under_way = ::curl_multi_add_handle(client->multi, transfer->handle()) == CURLM_OK;
  if (!is_under_way) {
    tell(Error{Errc::unavailable, "no locked memory for a call"});
  }
}

void OutgoingCall::State::ended(int code) {
  withdraw();
  if (is_worth_another(code)) {
    was_sent_again = true;
    later.set(bounds::kCallAgainMs);
    return;
  }
  tell(transfer->outcome(code));
}

// Where the source says itself how long to wait, whoever asked it decides.
bool OutgoingCall::State::is_worth_another(int code) const {
  const bool is_time_left = ends_ms - client->loop->now_ms() > 2 * bounds::kCallAgainMs;
  if (was_sent_again || !is_time_left) {
    return false;
  }
  if (code == CURLE_OK) {
    const int status = transfer->answer().status();
    const bool is_unknown = status == kBadGateway || status == kGatewayTimeout;
    return status >= kServerError && transfer->answer().retry_after_ms() == 0 &&
           !(request->is_spending() && is_unknown);
  }
  if (request->is_spending() && transfer->was_sent()) {
    return false;  // I13: a second use may be taken for a theft
  }
  const vault::Answer outcome = transfer->outcome(code);
  const auto* const error = std::get_if<Error>(&outcome);
  return error != nullptr && error->code == Errc::network;
}

void OutgoingCall::State::fail_later(const Error& error) {
  failed = error;
  later.set(0);
}

void OutgoingCall::State::withdraw() {
  if (std::exchange(is_under_way, false)) {
    static_cast<void>(::curl_multi_remove_handle(client->multi, transfer->handle()));
  }
}

void OutgoingCall::State::tell(vault::Answer answer) {
  withdraw();
  deadline.clear();
  later.clear();
  lookup.reset();
  if (const Answered told = std::exchange(answered, nullptr)) {
    told(std::move(answer));  // this may be gone afterwards
  }
}

// --- back from libcurl ---

// One by one: whoever is told may drop other calls, and libcurl then forgets what it had to say of
// them.
void CallClient::State::tell_ended() {
  int left = 0;
  while (const CURLMsg* const message = ::curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) {
      const int code = message->data.result;
      static_cast<OutgoingCall::State*>(CallTransfer::owner_of(message->easy_handle))->ended(code);
    }
  }
}

}  // namespace keyswap::outgoing
