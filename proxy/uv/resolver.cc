// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/resolver.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/uv/dns_channel.h"
#include "proxy/uv/name_cache.h"
#include "proxy/uv/timer.h"

namespace keyswap::uv {

namespace {

namespace bounds = base::bounds;

using base::Errc;
using base::Error;
using Addresses = std::vector<std::string>;
using Family = DnsChannel::Family;
using Waiting = std::unordered_set<std::shared_ptr<Lookup::State>>;

// A name under way, and who waits for it.
struct Question {
  explicit Question(Loop& loop, std::function<void()> due) : deadline(loop, std::move(due)) {}

  std::string name;
  Waiting waiting;
  // By family; empty: not answered yet.
  std::array<std::optional<base::Result<DnsChannel::Found>>, 2> answers;
  std::uint64_t number = 0;  // of the asking: an answer to an earlier one counts no more
  Timer deadline;
};

// Enough to see that a file is another or was written.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t written_s = 0;
  std::int64_t written_ns = 0;

  bool operator==(const FileMark&) const = default;

  static FileMark of(const char* path) {
    struct stat found {};

    if (::stat(path, &found) != 0) {
      return {};
    }
    return {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  }
};

constexpr const char* kServersFile = "/etc/resolv.conf";

bool is_at_or_below(std::string_view name, std::string_view top) {
  return name == top || (name.size() > top.size() && name.ends_with(top) &&
                         name[name.size() - top.size() - 1] == '.');
}

// RFC 6761 sections 6.3 and 6.4: names that nobody is asked for.
std::optional<Lookup::Answer> answer_without_asking(std::string_view name) {
  if (is_at_or_below(name, "localhost")) {
    return Addresses{"::1", "127.0.0.1"};
  }
  if (is_at_or_below(name, "invalid")) {
    return Error{Errc::not_found, "the name does not resolve"};
  }
  return std::nullopt;
}

Addresses in_turns(const Addresses& first, const Addresses& second) {
  Addresses merged;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    for (const Addresses* family : {&first, &second}) {
      if (i < family->size() && merged.size() < bounds::kAddressesPerHostMax) {
        merged.push_back((*family)[i]);
      }
    }
  }
  return merged;
}

}  // namespace

struct Lookup::State {
  Done done;  // empty once the Lookup is gone or was told
  std::weak_ptr<Resolver::State> resolver;
  std::weak_ptr<Question> question;  // while it waits for one
};

struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  explicit State(Loop& on) : loop(&on) {}

  base::Status open_channel();
  void look_up(const std::string& name, const std::shared_ptr<Lookup::State>& who);
  void begin(const std::string& name, const std::shared_ptr<Lookup::State>& who);
  void ask(const std::shared_ptr<Question>& question);
  void note(const std::shared_ptr<Question>& question,
            Family family,
            base::Result<DnsChannel::Found> answer);
  void settle(std::shared_ptr<Question> question);
  void leave(const std::shared_ptr<Question>& question, const std::shared_ptr<Lookup::State>& who);
  void tell(const std::shared_ptr<Lookup::State>& who, Lookup::Answer answer) const;

  Loop* loop;
  std::unique_ptr<DnsChannel> channel;
  FileMark servers;
  NameCache cache;
  std::unordered_map<std::string, std::shared_ptr<Question>> questions;
  std::uint64_t askings = 0;
};

base::Result<std::unique_ptr<Resolver>> Resolver::create(Loop& loop) {
  auto state = std::make_shared<State>(loop);
  KS_TRY(state->open_channel());
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

Resolver::Resolver(std::shared_ptr<State> state) : state_(std::move(state)) {}

Resolver::~Resolver() {
  state_->questions.clear();
  state_->channel.reset();
}

// What still waits is asked anew: of the servers that are there now, or so that what nobody waits
// for any more takes no room.
base::Status Resolver::State::open_channel() {
  const FileMark mark = FileMark::of(kServersFile);
  auto opened = DnsChannel::open(*loop);
  if (!opened) {
    return opened.error();
  }
  servers = mark;
  cache.clear();
  for (const auto& [name, question] : questions) {
    question->number = ++askings;  // what the old channel still says counts for nothing
    question->answers = {};
  }
  channel = std::move(*opened);
  const auto asked_anew = questions;
  for (const auto& [name, question] : asked_anew) {
    ask(question);
  }
  return {};
}

void Resolver::State::look_up(const std::string& name, const std::shared_ptr<Lookup::State>& who) {
  if (const auto* known = cache.find(name, loop->now_ms())) {
    tell(who, *known);
    return;
  }
  if (const auto found = questions.find(name); found != questions.end()) {
    found->second->waiting.insert(who);
    who->question = found->second;
    return;
  }
  if (Addresses addresses = channel->from_hosts(name); !addresses.empty()) {
    tell(who, std::move(addresses));  // not kept: a change of the file counts at once
    return;
  }
  if (auto answer = answer_without_asking(name)) {
    tell(who, std::move(*answer));
    return;
  }
  begin(name, who);
}

void Resolver::State::begin(const std::string& name, const std::shared_ptr<Lookup::State>& who) {
  // I10: what nobody waits for any more is given up; who waits is a client connection each.
  if (channel->pending() >= 2 * bounds::kLookupsMax || servers != FileMark::of(kServersFile)) {
    static_cast<void>(open_channel());  // or the old one goes on
  }
  if (channel->pending() >= 2 * bounds::kLookupsMax) {
    tell(who, Error{Errc::limit_exceeded, "too many names are being looked up"});
    return;
  }
  auto question = std::make_shared<Question>(*loop, [this, name] {
    if (const auto late = questions.find(name); late != questions.end()) {
      settle(late->second);
    }
  });
  question->name = name;
  question->waiting.insert(who);
  question->number = ++askings;
  question->deadline.set(bounds::kLookupMs);
  who->question = question;
  questions.emplace(name, question);
  ask(question);
}

void Resolver::State::ask(const std::shared_ptr<Question>& question) {
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    channel->ask(question->name,
                 family,
                 [self = weak_from_this(),
                  asked = std::weak_ptr<Question>(question),
                  number = question->number,
                  family](base::Result<DnsChannel::Found> answer) {
                   const auto state = self.lock();
                   const auto answered = asked.lock();
                   if (state && answered && answered->number == number) {
                     state->note(answered, family, std::move(answer));
                   }
                 });
  }
}

void Resolver::State::note(const std::shared_ptr<Question>& question,
                           Family family,
                           base::Result<DnsChannel::Found> answer) {
  const bool is_found = answer.has_value();
  question->answers.at(static_cast<std::size_t>(family)) = std::move(answer);
  if (question->answers[0] && question->answers[1]) {
    settle(question);
  } else if (is_found) {
    question->deadline.set(bounds::kOtherFamilyMs);
  }
}

// `question` may be what the map holds: a copy keeps it.
void Resolver::State::settle(std::shared_ptr<Question> question) {
  questions.erase(question->name);
  question->number = 0;
  question->deadline.clear();
  std::array<Addresses, 2> families;
  std::int64_t ttl_s = std::numeric_limits<std::int64_t>::max();
  Error error{Errc::not_found, "the name does not resolve"};
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto& answer = question->answers.at(i);
    if (answer && *answer) {
      families.at(i) = (*answer)->addresses;
      ttl_s = std::min(ttl_s, (*answer)->ttl_s);
    } else if (!answer) {
      error = {Errc::timed_out, "no name server answers"};
    } else if (answer->error().code != Errc::not_found) {
      error = answer->error();
    }
  }
  Addresses addresses = in_turns(families.at(static_cast<std::size_t>(Family::ipv6)),
                                 families.at(static_cast<std::size_t>(Family::ipv4)));
  const Lookup::Answer answer =
      addresses.empty() ? Lookup::Answer(error) : Lookup::Answer(std::move(addresses));
  cache.put(question->name, answer, ttl_s, loop->now_ms());
  for (const auto& who : question->waiting) {
    tell(who, answer);
  }
}

void Resolver::State::leave(const std::shared_ptr<Question>& question,
                            const std::shared_ptr<Lookup::State>& who) {
  question->waiting.erase(who);
  if (question->waiting.empty() && question->number != 0) {
    question->number = 0;
    questions.erase(question->name);
  }
}

// Later: nobody is called from inside their own constructor, nor from inside the channel.
void Resolver::State::tell(const std::shared_ptr<Lookup::State>& who, Lookup::Answer answer) const {
  loop->post([who, answer = std::move(answer)] {
    if (const auto done = std::exchange(who->done, nullptr)) {
      done(answer);
    }
  });
}

Lookup::Lookup(Resolver& resolver, const std::string& host, Done done)
    : state_(std::make_shared<State>()) {
  state_->done = std::move(done);
  state_->resolver = resolver.state_;
  resolver.state_->look_up(host, state_);
}

Lookup::~Lookup() {
  state_->done = nullptr;
  const auto resolver = state_->resolver.lock();
  const auto question = state_->question.lock();
  if (resolver && question) {
    resolver->leave(question, state_);
  }
}

}  // namespace keyswap::uv
