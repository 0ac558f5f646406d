// SPDX-License-Identifier: Apache-2.0
//
// What it would cost to have secrets and the audit log in a process of their own
// (docs/design/privilege-separation.md): processor time of a request's decision, record and
// credential, asked of a thread of this process and of another process over a socketpair. Not a
// test: it depends on the machine.
//   separation_probe [LOOPS] [REQUESTS]
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/chain.h"
#include "proxy/base/assert.h"

namespace keyswap {
namespace {

constexpr std::size_t kUnderWay = 32;  // requests of a loop, as of 32 connections
constexpr std::size_t kHeadBytes = 1500;
constexpr std::size_t kRecordBytes = 500;
constexpr std::size_t kCredentialBytes = 80;

struct Request {
  std::uint64_t number = 0;
  std::array<char, kHeadBytes> head{};
};

struct Answer {
  std::uint64_t number = 0;
  std::array<char, kCredentialBytes> credential{};
};

// What is done for each request, whoever does it. Its disk is not measured: it is the same.
class Keeper {
 public:
  Answer answer(const Request& request) {
    line_.clear();
    record_.assign(request.head.data(), kRecordBytes);
    last_ = audit::append_line(++records_, last_, record_, line_);
    Answer made{request.number, {}};
    std::memcpy(made.credential.data(), line_.data(), made.credential.size());
    return made;
  }

 private:
  audit::Hash last_{};
  std::uint64_t records_ = 0;
  std::string record_;
  std::string line_;
};

double processor_seconds(int who) {
  rusage used{};
  KS_ASSERT(::getrusage(who, &used) == 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// --- In one process: as the loops and the audit writer speak now ---

struct Batch {
  int woken = -1;  // the loop's eventfd
  std::vector<Request> requests;
  std::vector<Answer>* answers = nullptr;
};

class Writer {
 public:
  Writer() : thread_([this] { work(); }) {}

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  Writer(Writer&&) = delete;
  Writer& operator=(Writer&&) = delete;

  ~Writer() {
    add({});
    thread_.join();
  }

  void add(Batch batch) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(batch));
    }
    wake_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::vector<Batch> taken;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !waiting_.empty(); });
        taken.swap(waiting_);
      }
      for (const Batch& batch : taken) {
        if (batch.answers == nullptr) {
          return;
        }
        for (const Request& request : batch.requests) {
          batch.answers->push_back(keeper_.answer(request));
        }
        const std::uint64_t one = 1;
        KS_ASSERT(::write(batch.woken, &one, sizeof(one)) == sizeof(one));
      }
    }
  }

  Keeper keeper_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Batch> waiting_;  // guarded by mutex_
  std::thread thread_;          // last: it uses what stands above
};

void ask_writer(Writer& writer, std::size_t count) {
  const int woken = ::eventfd(0, EFD_CLOEXEC);
  std::vector<Answer> answers;
  for (std::size_t done = 0; done < count; done += kUnderWay) {
    answers.clear();
    writer.add({woken, std::vector<Request>(kUnderWay), &answers});
    std::uint64_t told = 0;
    KS_ASSERT(::read(woken, &told, sizeof(told)) == sizeof(told));
    KS_ASSERT(answers.size() == kUnderWay);
  }
  ::close(woken);
}

double in_one_process(std::size_t loops, std::size_t requests) {
  const double before = processor_seconds(RUSAGE_SELF);
  {
    Writer writer;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < loops; ++i) {
      threads.emplace_back([&] { ask_writer(writer, requests); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  return processor_seconds(RUSAGE_SELF) - before;
}

// --- In two: a packet each way, as many with one system call as are there ---

template <typename Message>
class Packets {
 public:
  Packets() {
    for (std::size_t i = 0; i < kUnderWay; ++i) {
      parts_.at(i) = {&messages.at(i), sizeof(Message)};
      heads_.at(i).msg_hdr.msg_iov = &parts_.at(i);
      heads_.at(i).msg_hdr.msg_iovlen = 1;
    }
  }

  // At least one, at most kUnderWay; 0 when the other end is gone.
  std::size_t receive(int socket) {
    const int count = ::recvmmsg(socket, heads_.data(), kUnderWay, MSG_WAITFORONE, nullptr);
    return count > 0 && heads_.front().msg_len == sizeof(Message) ? static_cast<std::size_t>(count)
                                                                  : 0;
  }

  void send(int socket, std::size_t count) {
    for (std::size_t sent = 0; sent < count;) {
      const int taken =
          ::sendmmsg(socket, &heads_.at(sent), static_cast<unsigned>(count - sent), MSG_NOSIGNAL);
      KS_ASSERT(taken > 0);
      sent += static_cast<std::size_t>(taken);
    }
  }

  std::array<Message, kUnderWay> messages{};

 private:
  std::array<iovec, kUnderWay> parts_{};
  std::array<mmsghdr, kUnderWay> heads_{};
};

// Until every loop has closed its end.
void keep(const std::vector<int>& sockets) {
  Keeper keeper;
  Packets<Request> requests;
  Packets<Answer> answers;
  std::vector<pollfd> waiting;
  for (const int socket : sockets) {
    waiting.push_back({socket, POLLIN, 0});
  }
  for (std::size_t open = sockets.size(); open > 0;) {
    KS_ASSERT(::poll(waiting.data(), waiting.size(), -1) > 0);
    for (pollfd& one : waiting) {
      if (one.revents == 0) {
        continue;
      }
      const std::size_t count = requests.receive(one.fd);
      for (std::size_t i = 0; i < count; ++i) {
        answers.messages.at(i) = keeper.answer(requests.messages.at(i));
      }
      if (count > 0) {
        answers.send(one.fd, count);
      } else {
        one.fd = -1;
        --open;
      }
    }
  }
}

void ask_process(int socket, std::size_t count) {
  Packets<Request> requests;
  Packets<Answer> answers;
  for (std::size_t done = 0; done < count; done += kUnderWay) {
    requests.messages.fill({});
    requests.send(socket, kUnderWay);
    for (std::size_t answered = 0; answered < kUnderWay;) {
      const std::size_t came = answers.receive(socket);
      KS_ASSERT(came > 0);
      answered += came;
    }
  }
  ::close(socket);
}

double in_two_processes(std::size_t loops, std::size_t requests) {
  std::vector<int> ours;
  std::vector<int> theirs;
  for (std::size_t i = 0; i < loops; ++i) {
    std::array<int, 2> pair{};
    KS_ASSERT(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
    ours.push_back(pair[0]);
    theirs.push_back(pair[1]);
  }
  const double before = processor_seconds(RUSAGE_SELF) + processor_seconds(RUSAGE_CHILDREN);
  const pid_t child = ::fork();
  KS_ASSERT(child >= 0);
  for (const int socket : child == 0 ? ours : theirs) {
    ::close(socket);
  }
  if (child == 0) {
    keep(theirs);
    ::_exit(0);
  }
  std::vector<std::thread> threads;
  for (const int socket : ours) {
    threads.emplace_back([socket, requests] { ask_process(socket, requests); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  int status = 0;
  KS_ASSERT(::waitpid(child, &status, 0) == child && status == 0);
  return processor_seconds(RUSAGE_SELF) + processor_seconds(RUSAGE_CHILDREN) - before;
}

}  // namespace
}  // namespace keyswap

int main(int argc, char** argv) {
  using namespace keyswap;  // NOLINT(google-build-using-namespace): it is this file's own
  const std::size_t loops = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2;
  const std::size_t asked = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20'000;
  const std::size_t requests = (asked + kUnderWay - 1) / kUnderWay * kUnderWay;
  KS_ASSERT(loops > 0 && requests > 0);
  const auto all = static_cast<double>(loops * requests);
  const double one = in_one_process(loops, requests) / all * 1e6;
  const double two = in_two_processes(loops, requests) / all * 1e6;
  std::printf("processor time of a request, %zu loops, %zu requests each, %zu under way\n",
              loops,
              requests,
              kUnderWay);
  std::printf(
      "in one process     %8.2f us\nover a socketpair  %8.2f us\ndifference         %8.2f us\n",
      one,
      two,
      two - one);
  return 0;
}
