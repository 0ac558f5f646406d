// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/sources.h"

#include "test/vault/sample.h"
#include "test/vault/sources/fake_backend.h"
#include "vault/source_kind.h"
#include "vault/sources/oauth2_kept.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::name_of;

SourceSpec spec_of(std::string id, bool is_minted = false) {
  SourceSpec spec;
  spec.id = std::move(id);
  spec.kind = "fake";
  spec.is_minted = is_minted;
  return spec;
}

std::shared_ptr<const SourceTable> table_of(std::vector<SourceSpec> specs,
                                            SourceTable::Routes routes) {
  return std::make_shared<const SourceTable>(std::move(specs), std::move(routes));
}

// K comes from the first source, L from the second, if there is one.
std::shared_ptr<const SourceTable> table_of(std::vector<SourceSpec> specs) {
  SourceTable::Routes routes = {{name_of("K"), {0, "K", ""}}};
  if (specs.size() > 1) {
    routes.emplace(name_of("L"), Route{1, "L", ""});
  }
  return table_of(std::move(specs), std::move(routes));
}

// The router over a vault, with two entries, and sources of one world.
struct Routed {
  explicit Routed(bool has_login = false) {
    world.has_login = has_login;
    world.values = {{"K", "value-1"}, {"L", "other"}};
  }

  std::shared_ptr<sample::Told> ask(const std::shared_ptr<const SourceTable>& table,
                                    std::string_view name = "K") {
    const auto told = std::make_shared<sample::Told>();
    const SecretName wanted = name_of(name);
    auto at_once =
        sources.fetch({.name = wanted, .now_s = sample::kNow, .table = table},
                      [told](FetchAnswer late) { told->answer.emplace(std::move(late)); });
    if (at_once) {
      told->is_at_once = true;
      told->answer = std::move(at_once);
    }
    return told;
  }

  void answer(int status = 200) {
    engine.turn();
    CallAnswer told;
    told.status = status;
    engine.answer(std::move(told));
  }

  std::string fetch(const std::shared_ptr<const SourceTable>& table, std::string_view name = "K") {
    const auto told = ask(table, name);
    if (!told->is_at_once) {
      answer();
    }
    return told->text();
  }

  sample::TempDir dir;
  std::string path = sample::make_sample(dir);
  Vault vault = sample::open_vault(path);
  sample::SourceWorld world;
  test::FakeTime time;
  test::FakeEngine engine{time};
  int made = 0;
  Sources sources{vault,
                  &engine,
                  time,
                  [this](const SourceSpec&) {
                    ++made;
                    return std::make_unique<sample::FakeBackend>(world);
                  },
                  [](std::uint64_t) {
                    return 0;
                  }};
};

}  // namespace

TEST_CASE(
    "a name that the table does not have is in the vault of this machine, and there at once") {
  Routed routed;
  const auto table = table_of({spec_of("company")});
  routed.sources.apply(table);
  CHECK(routed.ask(table, "OPENAI_API_KEY")->text() == sample::kOpenAiValue);
  CHECK(routed.ask(nullptr, "OPENAI_API_KEY")->text() == sample::kOpenAiValue);
  CHECK(routed.ask(table, "NOT_THERE")->is(Errc::not_found));
}

TEST_CASE("a name of the table comes from its source, also where the vault has one of that name") {
  Routed routed;
  const auto table = table_of({spec_of("company")}, {{name_of("OPENAI_API_KEY"), {0, "K", ""}}});
  routed.sources.apply(table);
  CHECK(routed.fetch(table, "OPENAI_API_KEY") == "value-1");
  CHECK(routed.ask(table, "OPENAI_API_KEY")->is_at_once);
}

TEST_CASE("a source of kind local is the vault's entry of the key's name") {
  Routed routed;
  SourceSpec spec = spec_of("mine");
  spec.kind = kLocalKind;
  const auto table = table_of(
      {spec}, {{name_of("K"), {0, "OPENAI_API_KEY", ""}}, {name_of("L"), {0, "no name", ""}}});
  routed.sources.apply(table);
  CHECK(routed.ask(table, "K")->text() == sample::kOpenAiValue);
  CHECK(routed.ask(table, "L")->is(Errc::not_found));
  CHECK(routed.made == 0);
}

TEST_CASE("a source that is down is no other's trouble") {
  Routed routed;
  const auto table = table_of({spec_of("one"), spec_of("other")});
  routed.sources.apply(table);
  const auto down = routed.ask(table, "K");
  routed.answer(500);
  CHECK(down->is(Errc::network));
  CHECK(routed.fetch(table, "L") == "other");
  CHECK(routed.ask(table, "K")->is(Errc::network));
}

TEST_CASE("a new policy keeps what was fetched of a source that it says in the same words") {
  Routed routed;
  const auto before = table_of({spec_of("company")});
  routed.sources.apply(before);
  REQUIRE(routed.fetch(before) == "value-1");
  const auto after = table_of({spec_of("new"), spec_of("company")}, {{name_of("K"), {1, "K", ""}}});
  routed.sources.apply(after);
  CHECK(routed.ask(after)->text() == "value-1");
  CHECK(routed.made == 2);
  SourceSpec changed = spec_of("company");
  changed.settings = {{"address", "https://elsewhere.example"}};
  const auto other = table_of({changed});
  routed.sources.apply(other);
  CHECK_FALSE(routed.ask(other)->is_told());
}

TEST_CASE("L26 what was minted goes with the policy, and what was fetched stays") {
  Routed routed;
  const auto before = table_of({spec_of("mint:K", true), spec_of("company")});
  routed.sources.apply(before);
  REQUIRE(routed.fetch(before, "K") == "value-1");
  REQUIRE(routed.fetch(before, "L") == "other");
  const auto after = table_of({spec_of("mint:K", true), spec_of("company")});
  routed.sources.apply(after);
  CHECK_FALSE(routed.ask(after, "K")->is_told());
  CHECK(routed.ask(after, "L")->is_at_once);
}

TEST_CASE("a request of the policy before goes on with its table, and then its sources end",
          "[I14]") {
  Routed routed;
  auto before = table_of({spec_of("old")});
  routed.sources.apply(before);
  const auto after = table_of({spec_of("new")});
  routed.sources.apply(after);
  const auto told = routed.ask(before);
  CHECK_FALSE(told->is_told());
  routed.answer();
  CHECK(told->text() == "value-1");
  before = nullptr;
  const auto later = table_of({spec_of("newer")});
  routed.sources.apply(later);
  CHECK(routed.sources.states().size() == 1);
  CHECK(routed.sources.states()[0].id == "newer");
  CHECK(routed.made == 3);
}

TEST_CASE("a table that never came into force fetches nothing") {
  Routed routed;
  CHECK(routed.ask(table_of({spec_of("company")}))->is(Errc::network));
  CHECK(routed.engine.begun() == 0);
}

TEST_CASE("emptying one source leaves the others, and emptying all leaves none") {
  Routed routed;
  const auto table = table_of({spec_of("one"), spec_of("other")});
  routed.sources.apply(table);
  routed.fetch(table, "K");
  routed.fetch(table, "L");
  CHECK(routed.sources.flush("none") == 0);
  CHECK(routed.sources.flush("one") == 1);
  CHECK_FALSE(routed.ask(table, "K")->is_told());
  CHECK(routed.ask(table, "L")->is_at_once);
  routed.answer();
  CHECK(routed.sources.flush("") == 2);
  CHECK_FALSE(routed.ask(table, "K")->is_told());
  CHECK_FALSE(routed.ask(table, "L")->is_told());
}

TEST_CASE("looking at the vault ends no wait for a source, but that somebody changed it does") {
  Routed routed;
  const auto table = table_of({spec_of("s")});
  routed.sources.apply(table);
  routed.ask(table);
  routed.answer(401);
  REQUIRE(routed.vault.refresh());
  routed.sources.vault_read();
  CHECK(routed.ask(table)->is_at_once);
  Vault somebodys = sample::open_vault(routed.path);
  REQUIRE(somebodys.add(name_of("NEW"), "", sample::secret_of("new-token-0001"), sample::kNow));
  REQUIRE(routed.vault.refresh());
  routed.sources.vault_read();
  CHECK_FALSE(routed.ask(table)->is_at_once);
}

TEST_CASE("what was minted goes when somebody changes what it is made of, and for nothing else",
          "[I13]") {
  Routed routed;
  SourceSpec minted = spec_of("mint:K", true);
  minted.own = {name_of("OPENAI_API_KEY")};
  SourceSpec company = spec_of("company");
  company.own = minted.own;
  const auto table = table_of({minted, company});
  routed.sources.apply(table);
  REQUIRE(routed.fetch(table, "K") == "value-1");
  REQUIRE(routed.fetch(table, "L") == "other");
  Vault somebodys = sample::open_vault(routed.path);
  const auto goes = [&](base::Status change) {
    REQUIRE(change);
    REQUIRE(routed.vault.refresh());
    routed.sources.vault_read();
    const bool is_gone = !routed.ask(table, "K")->is_at_once;
    if (is_gone) {
      routed.answer();
    }
    CHECK(routed.ask(table, "L")->is_at_once);
    return is_gone;
  };
  const auto value = [](std::string_view text) {
    return sample::secret_of(text);
  };
  CHECK_FALSE(goes(somebodys.add(name_of("NEW"), "", value("new-0001"), sample::kNow)));
  CHECK(goes(somebodys.rotate(minted.own[0], value("rotated-0001"), sample::kNow)));
  CHECK_FALSE(goes(somebodys.add(name_of("NEWER"), "", value("new-0002"), sample::kNow)));
  // As a run does that exchanges its refresh token; what it brings is of the new one.
  REQUIRE(routed.vault.rotate(minted.own[0], value("exchanged-0001"), sample::kNow));
  CHECK_FALSE(goes(somebodys.remove(name_of("NEW"))));
  CHECK(goes(somebodys.rotate(minted.own[0], value("rotated-0002"), sample::kNow)));
  // A person replaces it, and a run of ours exchanges that before anybody looks.
  REQUIRE(somebodys.rotate(minted.own[0], value("rotated-0003"), sample::kNow));
  REQUIRE(routed.vault.refresh());
  CHECK(goes(routed.vault.rotate(minted.own[0], value("exchanged-0003"), sample::kNow)));
  // The same, by one of another process: what that kept beside it makes no difference.
  REQUIRE(somebodys.rotate(minted.own[0], value("rotated-0004"), sample::kNow));
  REQUIRE(somebodys.rotate(minted.own[0], value("exchanged-0004"), sample::kNow));
  KeptToken token{.digest = "d1",
                  .minted_us = 1,
                  .expires_s = sample::kNow + 3600,
                  .grant_version = somebodys.open_entry(minted.own[0], EntryKind::text, 0)->version,
                  .previous = {},
                  .token = value("access-0001")};
  const Secret kept = kept_text(token).value();
  CHECK(goes(somebodys.add(kept_name(minted.own[0]), "", kept, sample::kNow)));
  CHECK(goes(somebodys.remove(minted.own[0])));
}

TEST_CASE("what a source could not write is known to the one that a reload puts in its place") {
  class Sharer final : public Backend {
   public:
    explicit Sharer(std::vector<std::shared_ptr<PendingRotations>>& shared) : shared_(shared) {}

    [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> /*keys*/) override {
      return nullptr;  // nobody asks here
    }

    void share(std::shared_ptr<PendingRotations> pending) override {
      shared_.push_back(std::move(pending));
    }

   private:
    std::vector<std::shared_ptr<PendingRotations>>& shared_;
  };

  Routed routed;
  std::vector<std::shared_ptr<PendingRotations>> shared;
  Sources sources(
      routed.vault,
      &routed.engine,
      routed.time,
      [&shared](const SourceSpec&) { return std::make_unique<Sharer>(shared); },
      [](std::uint64_t) { return std::uint64_t{0}; });
  SourceSpec changed = spec_of("mint:K", true);
  sources.apply(table_of({changed}));
  changed.settings = {{"scope", "read"}};
  const auto table = table_of({changed});
  sources.apply(table);
  REQUIRE(shared.size() == 2);
  CHECK(shared[0] != nullptr);
  CHECK(shared[0] == shared[1]);
  routed.engine.turn();
}

TEST_CASE("those who look see what each source is like") {
  Routed routed;
  SourceSpec mine = spec_of("mine");
  mine.kind = kLocalKind;
  const auto table = table_of({spec_of("company"), mine});
  routed.sources.apply(table);
  routed.fetch(table);
  const auto states = routed.sources.states();
  REQUIRE(states.size() == 2);
  CHECK(states[0].id == "company");
  CHECK(states[0].kind == "fake");
  CHECK(states[0].state.entries == 1);
  CHECK(states[0].state.outcome == "ok");
  CHECK(states[1].id == "mine");
  CHECK(states[1].state.outcome.empty());
}

TEST_CASE("without an engine what comes from elsewhere is refused, and the vault answers") {
  Routed routed;
  Sources alone(routed.vault, nullptr, routed.time);
  const auto table = table_of({spec_of("company")});
  alone.apply(table);
  const SecretName routed_name = name_of("K");
  const SecretName own_name = name_of("OPENAI_API_KEY");
  const auto refused = alone.fetch({.name = routed_name, .table = table}, [](FetchAnswer) {});
  REQUIRE(refused);
  CHECK(refused->error().code == Errc::network);
  CHECK(*alone.fetch({.name = own_name, .table = table}, [](FetchAnswer) {}));
  alone.stop();
}

}  // namespace keyswap::vault
