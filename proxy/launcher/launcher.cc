// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/launcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/log.h"
#include "proxy/launcher/launcher_message.h"
#include "proxy/launcher/launcher_process.h"
#include "vault/secret.h"

namespace keyswap::launcher {

namespace {

namespace bounds = base::bounds;
using base::Errc;
using base::Error;

// More than a program's own time and its end take: the launcher itself does not answer.
constexpr std::int64_t kSlackMs = 3'000;

Error launcher_is_gone() {
  return {Errc::unavailable, "the process that starts programs has ended; start the proxy anew"};
}

using Told = std::array<char, bounds::kCommandToldBytesMax>;

// One message, whose head says how long its parts are. Without room for what was printed that is
// lost, and the rest is taken all the same.
struct Message {
  AnswerMessage head;
  vault::LockedBytes out;
  Told told{};
  bool has_room = true;
};

// false: there is none, `number` says why (0: the other end is closed).
bool receive(int socket, Message& message, int& number) {
  AnswerMessage& head = message.head;
  const ssize_t seen = ::recv(socket, &head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
  number = seen < 0 ? errno : 0;
  if (seen != static_cast<ssize_t>(sizeof(head)) || head.out_bytes > bounds::kCommandOutBytesMax ||
      head.told_bytes > bounds::kCommandToldBytesMax) {
    return false;
  }
  if (head.out_bytes != 0) {
    auto room = vault::LockedBytes::of_size(head.out_bytes);
    message.has_room = room.has_value();
    if (room) {
      message.out = std::move(*room);
    }
  }
  std::array<iovec, 3> parts = {iovec{&head, sizeof(head)},
                                iovec{message.out.data(), message.out.size()},
                                iovec{message.told.data(), head.told_bytes}};
  msghdr whole{};
  whole.msg_iov = parts.data();
  whole.msg_iovlen = message.has_room ? parts.size() : 1;
  return ::recvmsg(socket, &whole, MSG_DONTWAIT) >= static_cast<ssize_t>(sizeof(head));
}

vault::Answer answer_of(Message message) {
  switch (message.head.ending) {
    case Ending::exited:
      if (!message.has_room) {
        return Error{Errc::unavailable, "no locked memory for what a program printed"};
      }
      return vault::CommandAnswer{
          message.head.status,
          vault::Secret::adopt(std::move(message.out), message.head.out_bytes)};
    case Ending::not_trusted:
      return Error{Errc::permission, "a program could have been put there by somebody else"};
    case Ending::timed_out:
      return Error{Errc::timed_out, "a program did not end in time"};
    case Ending::too_much:
      return Error{Errc::limit_exceeded, "a program printed more than may be read"};
    case Ending::not_started:
      break;
  }
  return Error{Errc::unavailable, "a program could not be started"};
}

}  // namespace

base::Result<std::unique_ptr<Launcher>> Launcher::start(std::vector<CommandSpec> commands,
                                                        const IsTrusted& is_trusted) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error{Errc::unavailable, "no sockets for the process that starts programs", errno};
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    run_launcher(ends[1], commands, is_trusted);
  }
  const int number = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return Error{Errc::unavailable, "no process to start programs with", number};
  }
  return std::unique_ptr<Launcher>(new Launcher(std::move(commands), ends[0]));
}

// It ends when it sees that this end is closed.
Launcher::~Launcher() {
  detach();
  ::close(socket_);
}

std::optional<std::size_t> Launcher::find(const CommandSpec& command) const {
  const auto found = std::ranges::find(commands_, command);
  return found == commands_.end()
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(found - commands_.begin()));
}

void Launcher::attach(uv::Loop& loop) {
  loop_ = &loop;
  watch_ =
      std::make_unique<uv::SocketWatch>(loop, socket_, [this](int /*events*/) { take_answer(); });
  is_lost_ = !watch_->watch(uv::SocketWatch::kReadable);
}

void Launcher::detach() {
  watch_.reset();
  under_way_.clear();
  waiting_.clear();
  loop_ = nullptr;
}

void Launcher::ask(std::size_t index, Answered answered) {
  if (is_lost_ || waiting_.size() >= bounds::kCommandQueueMax) {
    const Error error = is_lost_ ? launcher_is_gone()
                                 : Error{Errc::unavailable, "too many programs are waited for"};
    loop_->post([answered = std::move(answered), error] { answered(error); });
    return;
  }
  waiting_.push_back({index, std::move(answered), nullptr});
  // Later: who asks is told later, too.
  loop_->post([back = std::weak_ptr(self_)] {
    if (const auto self = back.lock()) {
      (*self)->begin_next();
    }
  });
}

void Launcher::begin_next() {
  while (!waiting_.empty() && under_way_.size() < bounds::kCommandsAtOnceMax) {
    Asked next = std::move(waiting_.front());
    waiting_.pop_front();
    const std::uint64_t id = ++ids_;
    const std::size_t index = next.index;
    next.patience = std::make_unique<uv::Timer>(*loop_, [this, id] {
      tell(id, Error{Errc::timed_out, "a program did not end in time"});
    });
    next.patience->set(commands_[index].timeout_ms + bounds::kCommandKillMs + kSlackMs);
    under_way_.emplace(id, std::move(next));
    if (!send(id, index)) {
      lose();
      return;
    }
  }
}

bool Launcher::send(std::uint64_t id, std::size_t index) {
  const RequestMessage request{id, index};
  return ::send(socket_, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(sizeof(request));
}

void Launcher::take_answer() {
  Message message;
  int number = 0;
  if (!receive(socket_, message, number)) {
    if (number != EAGAIN && number != EINTR) {
      lose();
    }
    return;
  }
  const std::uint64_t id = message.head.id;
  const auto found = under_way_.find(id);
  if (found != under_way_.end() && message.head.status != 0 && message.head.told_bytes != 0) {
    const std::string_view told(message.told.data(), message.head.told_bytes);
    base::log::line(base::log::Level::warning,
                    {"a source's program, ",
                     base::log::Piece::fact(commands_[found->second.index].argv.front()),
                     ", failed and said: ",
                     base::log::Piece::fact(told)});
  }
  tell(id, answer_of(std::move(message)));
}

void Launcher::tell(std::uint64_t id, vault::Answer answer) {
  auto told = under_way_.extract(id);
  if (told.empty()) {
    return;  // it was given up
  }
  const std::weak_ptr back(self_);
  told.mapped().answered(std::move(answer));
  if (!back.expired()) {
    begin_next();
  }
}

// Everybody is told; who asks later is told the same.
void Launcher::lose() {
  is_lost_ = true;
  watch_.reset();
  std::vector<Answered> told;
  for (auto& [id, asked] : std::exchange(under_way_, {})) {
    told.push_back(std::move(asked.answered));
  }
  for (Asked& asked : std::exchange(waiting_, {})) {
    told.push_back(std::move(asked.answered));
  }
  for (const Answered& answered : told) {
    answered(launcher_is_gone());
  }
}

}  // namespace keyswap::launcher
