// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/tcp.h"

#include <array>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "proxy/base/bounds.h"
#include "proxy/uv/address.h"

namespace keyswap::uv {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.address == kUnixPeer) {
    return endpoint.address;
  }
  const bool is_v6 = endpoint.address.find(':') != std::string::npos;
  return (is_v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" +
         std::to_string(endpoint.port);
}

// Outlives its Tcp until libuv has closed the handle; `events` is null from the Tcp's end on.
struct Tcp::State {
  struct QueuedWrite {
    uv_write_t request{};
    State* state = nullptr;
    base::Buffer bytes;
  };

  uv_tcp_t handle{};
  uv_connect_t connect_request{};
  uv_shutdown_t shutdown_request{};
  TcpEvents* events = nullptr;
  Loop* loop = nullptr;
  std::size_t pending = 0;
  std::uint64_t written = 0;
  bool is_reading = false;
  bool is_open = false;  // connected or adopted
  bool is_finishing = false;
  bool lingers = false;
  int last_error = 0;
  std::unique_ptr<uv_timer_t> linger_limit;  // while it lingers, its Tcp gone

  [[nodiscard]] int descriptor() const {
    uv_os_fd_t descriptor = -1;
    uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle), &descriptor);
    return descriptor;
  }

  // Without effect where the kernel refuses: then our own waits end it, later.
  void watch_host() const {
    namespace bounds = base::bounds;
    constexpr int kMillisecondsPerSecond = 1000;
    constexpr auto kProbes =
        static_cast<int>((bounds::kUnackedMs - bounds::kProbeIdleMs) / bounds::kProbeAgainMs);
    const std::array<std::array<int, 3>, 4> options = {{
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP,
         TCP_KEEPIDLE,
         static_cast<int>(bounds::kProbeIdleMs / kMillisecondsPerSecond)},
        {IPPROTO_TCP,
         TCP_KEEPINTVL,
         static_cast<int>(bounds::kProbeAgainMs / kMillisecondsPerSecond)},
        {IPPROTO_TCP, TCP_KEEPCNT, kProbes},
    }};
    for (const auto& [level, name, value] : options) {
      static_cast<void>(::setsockopt(descriptor(), level, name, &value, sizeof value));
    }
  }

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }

  void queue(base::Buffer&& rest) {
    auto write = std::make_unique<QueuedWrite>(QueuedWrite{{}, this, std::move(rest)});
    write->request.data = write.get();
    const std::string_view left = write->bytes.view();
    uv_buf_t piece = uv_buf_init(const_cast<char*>(left.data()),  // NOLINT: libuv only reads it
                                 static_cast<unsigned>(left.size()));
    if (uv_write(&write->request, stream(), &piece, 1, on_write_done) == 0) {
      pending += left.size();
      static_cast<void>(write.release());  // on_write_done takes it back
    } else {
      events->on_broken();
    }
  }

  static void on_write_done(uv_write_t* request, int status) noexcept {
    const std::unique_ptr<QueuedWrite> write(static_cast<QueuedWrite*>(request->data));
    State& state = *write->state;
    state.pending -= write->bytes.size();
    if (state.events == nullptr) {
      return;
    }
    if (status != 0) {
      state.last_error = -status;
      state.events->on_broken();
    } else if (state.pending == 0) {
      state.events->on_written_all();
    }
  }

  static void on_alloc(uv_handle_t* handle, std::size_t /*hint*/, uv_buf_t* buffer) noexcept {
    const auto chunk = static_cast<State*>(handle->data)->loop->read_chunk();
    *buffer = uv_buf_init(chunk.data(), static_cast<unsigned>(chunk.size()));
  }

  static void on_bytes(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept {
    State& state = *static_cast<State*>(stream->data);
    if (state.events == nullptr && count < 0) {
      state.close();
    }
    if (state.events == nullptr || count == 0) {
      return;
    }
    if (count > 0) {
      state.events->on_read({buffer->base, static_cast<std::size_t>(count)});
      return;
    }
    uv_read_stop(stream);
    state.is_reading = false;
    if (count == UV_EOF) {
      state.events->on_read_end();
    } else {
      state.last_error = static_cast<int>(-count);
      state.events->on_broken();
    }
  }

  static void on_connect_done(uv_connect_t* request, int status) noexcept {
    State& state = *static_cast<State*>(request->data);
    if (state.events == nullptr) {
      return;
    }
    if (status == 0) {
      state.is_open = true;
      uv_tcp_nodelay(&state.handle, 1);
      state.watch_host();
      state.events->on_connected();
    } else {
      state.last_error = -status;
      state.events->on_connect_failed(-status);
    }
  }

  // False: it cannot, and is to be closed at once.
  bool begin_linger() {
    if (!is_open || loop->lingering >= base::bounds::kLingeringMax) {
      return false;
    }
    const bool is_said = is_finishing || uv_shutdown(&shutdown_request, stream(), nullptr) == 0;
    if (!is_said || (!is_reading && uv_read_start(stream(), on_alloc, on_bytes) != 0)) {
      return false;
    }
    ++loop->lingering;
    linger_limit = std::make_unique<uv_timer_t>();
    uv_timer_init(loop->raw(), linger_limit.get());
    linger_limit->data = this;
    uv_timer_start(
        linger_limit.get(),
        [](uv_timer_t* timer) noexcept { static_cast<State*>(timer->data)->close(); },
        static_cast<std::uint64_t>(base::bounds::kLingerMs),
        0);
    return true;
  }

  // Frees this, later: the handle after its timer.
  void close() {
    if (linger_limit) {
      if (uv_is_closing(reinterpret_cast<uv_handle_t*>(linger_limit.get())) != 0) {
        return;
      }
      --loop->lingering;
      uv_close(reinterpret_cast<uv_handle_t*>(linger_limit.get()), [](uv_handle_t* timer) noexcept {
        static_cast<State*>(timer->data)->close_handle();
      });
      uv_read_stop(stream());
      return;
    }
    close_handle();
  }

  void close_handle() {
    const auto on_closed = [](uv_handle_t* closed) noexcept {
      delete static_cast<State*>(closed->data);  // NOLINT: made in the constructor
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), on_closed);
  }
};

Tcp::Tcp(Loop& loop, TcpEvents& events)
    : state_(new State) {  // NOLINT: freed in the close callback
  state_->events = &events;
  state_->loop = &loop;
  const int failed = uv_tcp_init(loop.raw(), &state_->handle);
  KS_ASSERT(failed == 0);  // no socket is made yet: only a programmer's error can fail here
  state_->handle.data = state_;
  state_->connect_request.data = state_;
}

Tcp::~Tcp() {
  state_->events = nullptr;
  if (!state_->lingers || !state_->begin_linger()) {
    state_->close();
  }
}

base::Status Tcp::adopt(int socket) {
  if (const int failed = uv_tcp_open(&state_->handle, socket); failed != 0) {
    ::close(socket);
    return base::Error{base::Errc::network, "cannot take over an accepted socket", -failed};
  }
  uv_tcp_nodelay(&state_->handle, 1);  // a Unix socket has no such delay, and refuses
  state_->is_open = true;
  return {};
}

void Tcp::connect(const Endpoint& endpoint) {
  sockaddr_storage address{};
  int failed = UV_EINVAL;
  if (to_sockaddr(endpoint, address)) {
    failed = uv_tcp_connect(&state_->connect_request,
                            &state_->handle,
                            reinterpret_cast<const sockaddr*>(&address),
                            State::on_connect_done);
  }
  if (failed != 0) {
    state_->last_error = -failed;
    state_->events->on_connect_failed(-failed);
  }
}

void Tcp::start_reading() {
  if (!state_->is_reading && state_->is_open) {
    state_->is_reading = uv_read_start(state_->stream(), State::on_alloc, State::on_bytes) == 0;
  }
}

void Tcp::stop_reading() {
  if (state_->is_reading) {
    uv_read_stop(state_->stream());
    state_->is_reading = false;
  }
}

void Tcp::write(base::Buffer& bytes) {
  if (bytes.empty() || state_->is_finishing) {
    bytes.clear();
    return;
  }
  state_->written += bytes.size();
  if (state_->pending == 0) {
    const std::string_view all = bytes.view();
    uv_buf_t piece = uv_buf_init(const_cast<char*>(all.data()),  // NOLINT: libuv only reads it
                                 static_cast<unsigned>(all.size()));
    const int taken = uv_try_write(state_->stream(), &piece, 1);
    if (taken < 0 && taken != UV_EAGAIN) {
      bytes.clear();
      state_->last_error = -taken;
      state_->events->on_broken();
      return;
    }
    bytes.consume(taken > 0 ? static_cast<std::size_t>(taken) : 0);
  }
  if (!bytes.empty()) {
    state_->queue(std::move(bytes));
  }
}

std::size_t Tcp::pending_bytes() const {
  return state_->pending;
}

std::uint64_t Tcp::written_bytes() const {
  return state_->written;
}

std::uint64_t Tcp::untaken_bytes() const {
  int in_kernel = 0;
  if (::ioctl(state_->descriptor(), TIOCOUTQ, &in_kernel) != 0 || in_kernel < 0) {
    in_kernel = 0;
  }
  return uv_stream_get_write_queue_size(state_->stream()) + static_cast<std::uint64_t>(in_kernel);
}

void Tcp::finish_writing() {
  if (!state_->is_finishing && state_->is_open) {
    state_->is_finishing = true;
    uv_shutdown(&state_->shutdown_request, state_->stream(), nullptr);
  }
}

void Tcp::linger_on_close() {
  state_->lingers = true;
}

std::size_t Tcp::take_received(char* bytes, std::size_t capacity) {
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&state_->handle), &descriptor) != 0) {
    return 0;
  }
  const ssize_t taken = ::recv(descriptor, bytes, capacity, MSG_DONTWAIT);
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

int Tcp::last_error() const {
  return state_->last_error;
}

Endpoint Tcp::remote() const {
  sockaddr_storage address{};
  int size = sizeof address;
  if (uv_tcp_getpeername(&state_->handle, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  return from_sockaddr(reinterpret_cast<const sockaddr&>(address));
}

bool Tcp::is_unacknowledged_for(std::int64_t ms) const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(state_->descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return false;
  }
  // Segments may come from a host that hears nothing of us, and each repeats what it acknowledged
  // long ago. So many repeated sendings in a row without progress take seconds, too.
  constexpr int kSendingsInVain = 4;
  return info.tcpi_unacked > 0 &&
         (info.tcpi_last_ack_recv >= ms || info.tcpi_retransmits >= kSendingsInVain);
}

}  // namespace keyswap::uv
