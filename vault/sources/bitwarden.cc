// SPDX-License-Identifier: Apache-2.0
//
// Bitwarden Secrets Manager. A machine account's access token logs in, and opens the organisation's
// key, with which names and values are opened here; Bitwarden itself sees neither. A list says
// which id a name has, and the ids stand until one of them is not right any more.
// Source: Bitwarden's "Secrets Manager SDK" (github.com/bitwarden/sdk-sm).
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vault/note_mark.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/bitwarden_login.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

using bitwarden::Account;
using bitwarden::LoggedInRun;

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNotesAtOnce = 16;  // a value and a note of the longest have room 16 times

// What a list says of one secret.
struct Listed {
  std::string name;
  std::string id;
  std::string version;
};

// Reads the list first, then does what is left to do.
class ListingRun : public LoggedInRun {
 public:
  using LoggedInRun::LoggedInRun;

 protected:
  virtual Step on_listed(std::vector<Listed> all) = 0;

  Step list() { return ask("GET", "/organizations/" + account_.organization + "/secrets"); }

  Step on_list(const JsonText& answer) {
    const JsonView list = answer.root().member("secrets");
    if (!list.is(JsonKind::array)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    std::vector<Listed> all;
    std::optional<Failed> unread;
    JsonItems items(list);
    while (items.next()) {
      auto listed = read_listed(items.value());
      if (auto* one = std::get_if<Listed>(&listed)) {
        all.push_back(std::move(*one));
      } else {
        unread = std::move(std::get<Failed>(listed));
      }
    }
    // One that does not open is nobody's; if none does, the key is not theirs.
    const bool is_answer = !unread || (!all.empty() && unread->fault == FetchFault::bad_answer);
    return is_answer ? on_listed(std::move(all)) : Step(std::move(*unread));
  }

 private:
  [[nodiscard]] std::variant<Listed, Failed> read_listed(JsonView item) const {
    auto id = item.member("id").plain_text(kIdBytesMax);
    if (!id || check_word(*id) != nullptr) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    auto name = open(item.member("key"));
    if (auto* failed = std::get_if<Failed>(&name)) {
      return std::move(*failed);
    }
    return Listed{std::string(std::get<Secret>(name).reveal()),
                  std::move(*id),
                  item.member("revisionDate").plain_text(kIdBytesMax).value_or("")};
  }
};

class NamesRun final : public ListingRun {
 public:
  using ListingRun::ListingRun;

 private:
  Step work() override { return list(); }

  Step on_success(const JsonText& answer) override { return on_list(answer); }

  Step on_listed(std::vector<Listed> all) override {
    Done done;
    for (Listed& one : all) {
      done.values.push_back({std::move(one.name), Secret{}, std::move(one.version), std::nullopt});
    }
    return done;
  }
};

// Notes come with values alone, and are opened without them. What has not changed since it was
// read is not asked for again.
class NotesRun final : public ListingRun {
 public:
  using ListingRun::ListingRun;

 private:
  Step work() override {
    is_listing_ = true;
    missing_.clear();
    return list();
  }

  Step on_success(const JsonText& answer) override {
    return is_listing_ ? on_list(answer) : on_items(answer);
  }

  // One that went since the list: the next reading goes by another.
  Step on_missing() override {
    return is_listing_ ? ListingRun::on_missing() : fail(FetchFault::unavailable, "not_found");
  }

  Step on_listed(std::vector<Listed> all) override {
    is_listing_ = false;
    listed_ = std::move(all);
    std::unordered_map<std::string, bitwarden::KeptNote> kept;
    for (const Listed& one : listed_) {
      const auto found = account_.notes.find(one.id);
      if (found == account_.notes.end() || found->second.version != one.version ||
          one.version.empty()) {
        missing_.push_back(one.id);
      } else {
        kept.insert(account_.notes.extract(found));
      }
    }
    account_.notes = std::move(kept);
    return next();
  }

  // So many that an answer has room for their values.
  Step next() {
    if (missing_.empty()) {
      return done();
    }
    std::string body = R"({"ids":[)";
    asked_ = std::min(missing_.size(), kNotesAtOnce);
    for (std::size_t i = 0; i < asked_; ++i) {
      body.append(i == 0 ? "\"" : ",\"").append(missing_[missing_.size() - 1 - i]).append("\"");
    }
    return ask("POST", "/secrets/get-by-ids", body + "]}");
  }

  Step on_items(const JsonText& answer) {
    const JsonView data = answer.root().member("data");
    if (!data.is(JsonKind::array)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    JsonItems items(data);
    for (std::size_t i = 0; items.next(); ++i) {
      if (i == asked_) {
        return fail(FetchFault::bad_answer, "malformed");
      }
      if (auto failed = keep(items.value())) {
        return std::move(*failed);
      }
    }
    missing_.resize(missing_.size() - asked_);
    return next();
  }

  // The version is the list's: what changed in between is asked for with the next reading.
  std::optional<Failed> keep(JsonView item) {
    const auto id = item.member("id").plain_text(kIdBytesMax);
    const auto listed = std::ranges::find(listed_, id.value_or(""), &Listed::id);
    const bool was_asked_for = id && std::find(missing_.end() - static_cast<std::ptrdiff_t>(asked_),
                                               missing_.end(),
                                               *id) != missing_.end();
    if (listed == listed_.end() || !was_asked_for) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    bitwarden::KeptNote kept{listed->version, {}};
    const JsonView sealed = item.member("note");
    if (!sealed.is(JsonKind::null) && !sealed.is_text("")) {
      auto note = open(sealed);
      auto* const failed = std::get_if<Failed>(&note);
      if (failed != nullptr && failed->fault == FetchFault::no_room) {
        return std::move(*failed);
      }
      // One that does not open says nothing, and is no reason to doubt the others: the secret is
      // bound nowhere, as by a note that has the mark alone.
      auto text = failed == nullptr ? base::Result<Secret>(std::move(std::get<Secret>(note)))
                                    : Secret::copy_of(kNoteMark);
      if (!text) {
        return fail_of(text.error());
      }
      auto own = kept_note(std::move(*text));
      if (!own) {
        return fail_of(own.error());
      }
      kept.note = std::move(*own);
    }
    account_.notes.insert_or_assign(*id, std::move(kept));
    return check_room();
  }

  // I10: notes have a share of the locked memory, and what does not fit into it is not kept.
  std::optional<Failed> check_room() {
    std::size_t bytes = 0;
    for (const auto& [id, kept] : account_.notes) {
      bytes += kept.note.size();
    }
    if (bytes <= kNotesKeptBytesMax) {
      return std::nullopt;
    }
    account_.notes.clear();
    return fail(FetchFault::no_room, "notes_too_large");
  }

  Step done() {
    Done done;
    done.is_listing = true;
    for (Listed& one : listed_) {
      const auto kept = account_.notes.find(one.id);
      if (kept == account_.notes.end()) {
        return fail(FetchFault::bad_answer, "malformed");
      }
      done.values.push_back(
          {std::move(one.name), kept->second.note.share(), std::move(one.version), std::nullopt});
    }
    return done;
  }

  std::vector<Listed> listed_;
  std::vector<std::string> missing_;  // ids
  std::size_t asked_ = 0;             // of these, from behind
  bool is_listing_ = true;
};

class FetchRun final : public ListingRun {
 public:
  FetchRun(Account& account, std::span<const std::string> keys)
      : ListingRun(account), keys_(keys.begin(), keys.end()) {}

 private:
  Step work() override {
    const bool are_known = std::ranges::all_of(keys_, [&](const std::string& key) {
      const auto found = account_.ids.find(name_of(key));
      return found != account_.ids.end() && !found->second.empty();
    });
    return (are_known || is_listed_) && !is_listing_ ? get() : look();
  }

  Step look() {
    is_listed_ = true;
    is_listing_ = true;
    return list();
  }

  Step on_listed(std::vector<Listed> all) override {
    account_.ids.clear();
    for (Listed& one : all) {
      const auto [place, is_new] = account_.ids.try_emplace(std::move(one.name), one.id);
      if (!is_new) {
        place->second.clear();
      }
    }
    return get();
  }

  // All in one call.
  Step get() {
    is_listing_ = false;
    std::vector<std::string_view> ids;
    for (const std::string& key : keys_) {
      const auto found = account_.ids.find(name_of(key));
      if (found != account_.ids.end() && !found->second.empty()) {
        ids.emplace_back(found->second);
      }
    }
    if (ids.empty()) {
      return end({}, keys_);
    }
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::string body = R"({"ids":[)";
    for (const std::string_view id : ids) {
      body.append(id == ids.front() ? "\"" : ",\"").append(id).append("\"");
    }
    return ask("POST", "/secrets/get-by-ids", body + "]}");
  }

  // An id that is known from before may be gone. Of several that were listed just now it is not
  // said which.
  Step on_missing() override {
    if (is_listing_) {
      return ListingRun::on_missing();
    }
    if (!is_listed_) {
      return look();
    }
    return keys_.size() == 1 ? fail(FetchFault::not_found, "not_found")
                             : fail(FetchFault::bad_answer, "refused");
  }

  Step on_success(const JsonText& answer) override {
    if (is_listing_) {
      return on_list(answer);
    }
    const JsonView data = answer.root().member("data");
    if (!data.is(JsonKind::array)) {
      return fail(FetchFault::bad_answer, "malformed");
    }
    Done done;
    std::vector<std::string> not_there;
    for (const std::string& key : keys_) {
      const JsonView item = item_of(data, key);
      if (item.is(JsonKind::none)) {
        not_there.push_back(key);
        continue;
      }
      auto value = read_value(item, key);
      if (auto* fetched = std::get_if<FetchedValue>(&value)) {
        done.values.push_back(std::move(*fetched));
        continue;
      }
      auto& failed = std::get<Failed>(value);
      if (failed.fault == FetchFault::no_room) {
        return std::move(failed);
      }
      done.missed.push_back({key, std::move(failed)});
    }
    return not_there.empty() || is_listed_ ? end(std::move(done), not_there) : look();
  }

  // What the list does not have does not exist; what it has twice is nobody's.
  Step end(Done done, const std::vector<std::string>& not_there) const {
    for (const std::string& key : not_there) {
      const auto found = account_.ids.find(name_of(key));
      const bool is_twice = found != account_.ids.end() && found->second.empty();
      done.missed.push_back({key,
                             is_twice ? fail(FetchFault::bad_answer, "ambiguous_name")
                                      : fail(FetchFault::not_found, "not_found")});
    }
    return keys_.size() == 1 && !done.missed.empty() ? Step(std::move(done.missed.front().failed))
                                                     : Step(std::move(done));
  }

  // None where the id that is known from before is gone, or has another name by now.
  [[nodiscard]] JsonView item_of(JsonView data, const std::string& key) const {
    const auto id = account_.ids.find(name_of(key));
    JsonItems items(data);
    while (id != account_.ids.end() && items.next()) {
      if (items.value().member("id").is_text(id->second)) {
        const auto name = open(items.value().member("key"));
        const auto* text = std::get_if<Secret>(&name);
        const bool is_other = text != nullptr && text->reveal() != parts_of(key).key;
        return is_other ? JsonView() : items.value();
      }
    }
    return {};
  }

  [[nodiscard]] std::variant<FetchedValue, Failed> read_value(JsonView item,
                                                              const std::string& key) const {
    auto name = open(item.member("key"));
    if (auto* failed = std::get_if<Failed>(&name)) {
      return std::move(*failed);
    }
    auto value = open(item.member("value"));
    if (auto* failed = std::get_if<Failed>(&value)) {
      return std::move(*failed);
    }
    auto part = picked(std::move(std::get<Secret>(value)), parts_of(key).field);
    if (auto* failed = std::get_if<Failed>(&part)) {
      return std::move(*failed);
    }
    return FetchedValue{key,
                        std::move(std::get<Secret>(part)),
                        item.member("revisionDate").plain_text(kIdBytesMax).value_or(""),
                        std::nullopt};
  }

  static std::string name_of(const std::string& key) { return std::string(parts_of(key).key); }

  std::vector<std::string> keys_;
  bool is_listed_ = false;   // in this run
  bool is_listing_ = false;  // what is waited for
};

class Bitwarden final : public Backend {
 public:
  explicit Bitwarden(const SourceSpec& spec) : account_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(account_, keys);
  }

  [[nodiscard]] std::unique_ptr<Run> log_in() override { return bitwarden::log_in_run(account_); }

  // One call brings them all.
  [[nodiscard]] std::size_t values_at_once() const override { return SIZE_MAX; }

  [[nodiscard]] std::int64_t login_due_us() const override {
    return account_.session == nullptr ? 0 : account_.session->due_us;
  }

  [[nodiscard]] std::int64_t login_ends_us() const override {
    return account_.session == nullptr ? 0 : account_.session->ends_us;
  }

  [[nodiscard]] std::unique_ptr<Run> list() override {
    return std::make_unique<NamesRun>(account_);
  }

  [[nodiscard]] std::unique_ptr<Run> notes() override {
    return std::make_unique<NotesRun>(account_);
  }

 private:
  Account account_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<Bitwarden>(spec);
}

constexpr std::array<std::string_view, 1> kAliases = {"bws"};
constexpr std::array kSettings = {
    SettingRule{.name = "organization_id", .is_required = true, .check = check_word},
    SettingRule{.name = "access_token", .is_required = true, .is_entry = true},
    SettingRule{.name = "api_url", .check = check_base_url},
    SettingRule{.name = "identity_url", .check = check_base_url},
};
// Without a path it is the entry that is called like the variable which that program reads.
constexpr std::array kForeignSettings = {
    SettingRule{.name = "organization_id", .is_required = true, .check = check_word},
    SettingRule{.name = "access_token_path", .is_entry = true, .check = check_absolute_path},
    SettingRule{.name = "state_path",
                .no_effect = "each start logs in anew, and keeps nothing of it on the disk"},
    SettingRule{.name = "type"},  // said once more
    SettingRule{.name = "api_url", .check = check_base_url},
    SettingRule{.name = "identity_url", .check = check_base_url},
};

}  // namespace

extern const BackendKind kBitwardenKind;
constinit const BackendKind kBitwardenKind = {.name = "bitwarden",
                                              .aliases = kAliases,
                                              .settings = kSettings,
                                              .make = make,
                                              .foreign_settings = kForeignSettings,
                                              .has_notes = true};

}  // namespace keyswap::vault
