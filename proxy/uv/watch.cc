// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/watch.h"

#include <utility>

#include <uv.h>

namespace keyswap::uv {

struct SignalWatch::State {
  uv_signal_t handle{};
  std::function<void()> caught;
};

SignalWatch::SignalWatch(Loop& loop, int signal, std::function<void()> caught)
    : state_(new State) {  // NOLINT: freed in the close callback
  state_->caught = std::move(caught);
  uv_signal_init(loop.raw(), &state_->handle);
  state_->handle.data = state_;
  uv_signal_start(
      &state_->handle,
      [](uv_signal_t* handle, int /*signal*/) noexcept {
        if (const auto& told = static_cast<State*>(handle->data)->caught) {
          told();
        }
      },
      signal);
}

SignalWatch::~SignalWatch() {
  state_->caught = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle), [](uv_handle_t* handle) noexcept {
    delete static_cast<State*>(handle->data);  // NOLINT: made in the constructor
  });
}

struct FolderWatch::State {
  uv_fs_event_t handle{};
  std::function<void()> changed;
};

FolderWatch::FolderWatch(Loop& loop, const std::string& folder, std::function<void()> changed)
    : state_(new State) {  // NOLINT: freed in the close callback
  state_->changed = std::move(changed);
  uv_fs_event_init(loop.raw(), &state_->handle);
  state_->handle.data = state_;
  uv_fs_event_start(
      &state_->handle,
      [](uv_fs_event_t* handle, const char* /*name*/, int /*events*/, int /*status*/) noexcept {
        if (const auto& told = static_cast<State*>(handle->data)->changed) {
          told();
        }
      },
      folder.c_str(),
      0);
}

FolderWatch::~FolderWatch() {
  state_->changed = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle), [](uv_handle_t* handle) noexcept {
    delete static_cast<State*>(handle->data);  // NOLINT: made in the constructor
  });
}

struct SocketWatch::State {
  uv_poll_t handle{};
  int failed = 0;  // why it cannot be watched; 0: it can
  Ready ready;     // empty once the watch is gone

  static void on_events(uv_poll_t* handle, int status, int events) noexcept {
    // The watch may go in it, and with it the function.
    const auto told = static_cast<State*>(handle->data)->ready;
    if (told) {
      told(status < 0 ? kReadable | kWritable : events);
    }
  }
};

static_assert(SocketWatch::kReadable == UV_READABLE && SocketWatch::kWritable == UV_WRITABLE);

SocketWatch::SocketWatch(Loop& loop, int socket, Ready ready)
    : state_(new State) {  // NOLINT: freed in the close callback
  state_->ready = std::move(ready);
  state_->failed = uv_poll_init(loop.raw(), &state_->handle, socket);
  state_->handle.data = state_;
}

SocketWatch::~SocketWatch() {
  state_->ready = nullptr;
  if (state_->failed != 0) {
    delete state_;  // NOLINT: the loop never knew it
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle), [](uv_handle_t* handle) noexcept {
    delete static_cast<State*>(handle->data);  // NOLINT: made in the constructor
  });
}

base::Status SocketWatch::watch(int events) {
  const int failed = state_->failed != 0 ? state_->failed
                     : events == 0       ? uv_poll_stop(&state_->handle)
                                   : uv_poll_start(&state_->handle, events, &State::on_events);
  if (failed != 0) {
    return base::Error{base::Errc::io, "a socket cannot be watched", -failed};
  }
  return {};
}

}  // namespace keyswap::uv
