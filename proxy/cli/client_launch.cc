// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_launch.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

constexpr int kDieMs = 5'000;
constexpr std::size_t kReadBytes = 4096;

}  // namespace

Variables needed_to_start(const Variables& shell) {
  Variables needed;
  for (const char* name : {"PATH", "HOME"}) {
    if (const auto found = shell.find(name); found != shell.end()) {
      needed.insert(*found);
    }
  }
  return needed;
}

base::Result<LaunchedClient> LaunchedClient::start(const std::vector<std::string>& words,
                                                   const Variables& environment,
                                                   const std::string& folder) {
  auto output = make_pipe();
  if (!output) {
    return base::Error{base::Errc::io, "no pipe for a client", errno};
  }
  Launch client;
  client.words = words;
  client.environment = &environment;
  client.folder = folder;
  client.group = ProcessGroup::own;
  client.inherits = Inherits::nothing;
  client.output = output->write_end.descriptor();
  sigemptyset(&client.signal_mask);
  const auto started = launch(client);
  if (!started) {
    return started.error();
  }
  // It may leave somebody behind who holds the pipe; he is not waited for.
  static_cast<void>(fcntl(output->read_end.descriptor(), F_SETFL, O_NONBLOCK));
  return LaunchedClient(*started, std::move(output->read_end));
}

LaunchedClient::LaunchedClient(LaunchedClient&& other) noexcept
    : child_(std::exchange(other.child_, 0)), answer_(std::move(other.answer_)) {}

LaunchedClient::~LaunchedClient() {
  end();
}

void LaunchedClient::end() {
  if (child_ == 0) {
    return;
  }
  kill(-child_, SIGKILL);  // with what it started
  wait_for_end(child_, kDieMs);
  child_ = 0;
}

std::string LaunchedClient::await_answer(int wait_ms) {
  if (child_ != 0 && wait_for_end(child_, wait_ms)) {
    child_ = 0;
  }
  end();
  std::string answer;
  std::array<char, kReadBytes> bytes{};
  while (answer.size() < base::bounds::kClientAnswerBytesMax) {
    const ssize_t size = read(answer_.descriptor(), bytes.data(), bytes.size());
    if (size <= 0) {
      break;
    }
    answer.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return answer;
}

}  // namespace keyswap::cli
