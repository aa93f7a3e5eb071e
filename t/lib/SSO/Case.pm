# SPDX-License-Identifier: Apache-2.0
# Cases as table rows: what the provider says, what has to come of it. One httpd and one scripted provider a file.
#
#   use SSO::Case;
#   run_cases(
#       ['iss-wrong', 'reject idt-iss', {id_token => {claims => {iss => 'https://evil.example'}}}],
#       ['ok-hs256',  'accept', {id_token => {alg => 'HS256'}}, client => 'basic', conf => 'SSOSigningAlgs HS256'],
#   );
#   done_cases;
#
# A row: ids (of t/vectors/cases.tsv, or names of our own), what is demanded, the provider's script, and options:
#   conf, location   lines for this case's <SSOProvider> and <Location>; client: public, basic, post, jwt or a whole id
#   own              a provider of its own (implied by the two above and by a script that changes discovery or keys, which
#                    a process keeps)
#   user             expected X-SSO-sub (alice); status: qr//; id: qr/SSO2../ of the log line
#   go               sub { my ($case) = @_; … page } instead of a login at $case->{path}; $case->{mark} = log_lines forgets
#                    what was logged until then
#   browser          arguments of new_browser
#   check            sub { my ($case) = @_; … } more assertions: {page, browser, site, lines, path, name}
#   silent           nothing is logged: a page that is just not there
#   calls            {'/token' => 0}: how often the provider is called
# Demanded:
#   accept           200 from the application with the right identity
#   reject REASON    a 4xx or 5xx page of ours, no session cookie, nothing for the application, one line in the log, with
#                    this reason (or one of REASON|REASON)
#   safe             either of the two; `check` looks for the harm
# In all of them no code, verifier, secret or token is in the log or on the page.
package SSO::Case;
use strict;
use warnings;
use utf8;

use Exporter ();
use Test::More import => ['!done_testing'];
use Time::HiRes qw(time);

use SSO::Test;

our @EXPORT = (qw(case_site run_cases case done_cases log_lines), @SSO::Test::EXPORT);

sub import {
    SSO::Test->import; # strict, warnings, utf8 for the caller come with it
    $_->import for qw(strict warnings utf8);
    goto &Exporter::import;
}

our ($site, $count) = (undef, 0);

# case_site(rows, arguments of SSO::Test::site): the httpd with a provider for every row that needs its own.
sub case_site {
    my ($rows, %args) = @_;
    my $snippet = $args{snippet} // '';
    my $op = SSO::OP->scripted({many => true, path => '/main', %{delete $args{op} // {}}});
    for my $row (@$rows) {
        my ($ids, $outcome, $script, %option) = @$row;
        my $own = $option{own} // ($option{conf} || $option{location} || $option{client} || $script->{discovery} || $script->{jwks});
        my $name = $own ? 'c' . ++$count : undef;
        push @$row, name => $name, path => $name ? "/protected/$name/" : '/protected/';
        $snippet .= _provider($op, $name, %option) if $name;
    }
    # RSA keys are made when first asked for, which takes its time.
    my $text = JSON::PP->new->allow_nonref->allow_unknown->encode([map { $_->[2] } @$rows]);
    my %keys = map { $_ => 1 } $text =~ /"(rsa1024|rsa4096|k[1-3]|attacker)"/g;
    $op->sign(token => {key => $_}) for sort keys %keys, 'k1';
    utf8::encode($snippet);
    return $site = site(%args, provider => $op, snippet => $snippet, httpd => {loglevel => 'notice sso_oidc:info', servers => 1,
        threads => 32, %{$args{httpd} // {}}});
}

my %secret = (basic => 'a basic secret + with / odd & characters %', post => 'a-post-secret-of-32-characters-or-so',
    jwt => 'a-jwt-secret-of-at-least-32-characters');
my %auth = (post => 'client_secret_post', jwt => 'client_secret_jwt');

sub _provider {
    my ($op, $name, %option) = @_;
    my $client = $option{client} // 'public';
    my $issuer = $option{issuer} ? $option{issuer}->($op, $name) : $op->origin . "/$name";
    my $conf = "<SSOProvider $name>\nSSOIssuer $issuer\nSSOClientID \"$client\"\n";
    $conf .= "SSOClientSecret \"$secret{$client}\"\n" if $secret{$client};
    $conf .= "SSOClientAuth $auth{$client}\n" if $auth{$client};
    my $more = ref $option{conf} ? $option{conf}->($op, $name) : $option{conf} // '';
    return "$conf$more\n</SSOProvider>\n<Location /protected/$name/>\nSSOUse $name\n" . ($option{location} // '') . "\n</Location>\n";
}

# Lines of ours about requests, since a mark (a number of lines).
sub log_lines {
    my ($since) = @_;
    my @all = $site->log->lines;
    return @all if !defined $since;
    return grep { /SSO\d{3}: .*\bid=/ } @all[$since .. $#all];
}

sub run_cases {
    my @rows = @_;
    case_site(\@rows) if !$site || !defined $rows[0][-1] || $rows[0][-2] ne 'path';
    _run(@$_) for @rows;
    return;
}

# One case that is no row: case 'ids', 'what is demanded', sub { … };
sub case {
    my ($ids, $outcome, $code) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $site->op->reset;
    return subtest("$ids: $outcome" => $code);
}

sub _run {
    my ($ids, $outcome, $script, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    return subtest "$ids: $outcome" => sub {
        my $op = $site->op->reset;
        $op->control($script) if %$script;
        $site->upstream->_call(POST => '/_reset');
        my $case = {%option, site => $site, op => $op, browser => $site->new_browser(timeout => 40, %{$option{browser} // {}}), ids => $ids, mark => scalar log_lines()};
        my $begin = time;
        my $page = $case->{page} = $option{go} ? $option{go}->($case) : login($site, $option{path}, browser => $case->{browser});
        $case->{seconds} = time - $begin;
        $case->{lines} = [log_lines($case->{mark})];
        $case->{requests} = [$op->requests];
        $case->{seen} = $site->upstream->_call(GET => '/_requests');
        my ($kind, $reason) = split ' ', $outcome;
        $kind = $page->status == 200 && sent($page) ? 'accept' : 'reject' if $kind eq 'safe';
        $kind eq 'accept' ? _accepted($case) : _rejected($case, $reason);
        _no_secrets($case);
        for my $path (sort keys %{$option{calls} // {}}) {
            is scalar(grep { $_->{path} =~ /\Q$path\E$/ } @{$case->{requests}}), $option{calls}{$path}, "calls of $path";
        }
        $option{check}->($case) if $option{check};
    };
}

sub _accepted {
    my ($case) = @_;
    my $page = $case->{page};
    is $page->status, 200, 'the application answers' or diag $page->summary, "\n", join "\n", @{$case->{lines}};
    is sent_header($page, 'X-SSO-sub'), $case->{user} // 'alice', 'with the right identity';
    ok scalar(_sessions($case)), 'there is a session';
    return;
}

sub _sessions { my ($case) = @_; return grep { $_->{name} =~ /^(?:__Host-sso|sso-\d+)(?:-c\d+)?$/ } $case->{browser}->jar->all }

sub _rejected {
    my ($case, $reason) = @_;
    my ($page, @lines) = ($case->{page}, @{$case->{lines}});
    like $page->status, $case->{status} // qr/^[45]\d\d$/, 'status' or diag $page->summary;
    like $page->header('cache-control') // '', qr/no-store/, 'nobody keeps the page';
    ok !sent($page) && !@{$case->{seen}}, 'the application saw nothing';
    ok !_sessions($case), 'there is no session cookie' or diag join ' ', $case->{browser}->jar->names;
    return if $case->{silent};
    is scalar(@lines), 1, 'the log has one line' or diag join "\n", @lines;
    my $id = $case->{id} // qr/SSO\d{3}/;
    my $why = defined $reason ? qr/reason=(?:$reason) / : qr/reason=/;
    like $lines[0], qr/$id: .*\b$why/, 'which says why' if @lines;
    my ($request) = ($lines[0] // '') =~ /.*\bid=(\S+)/;
    like $page->body, qr/\Q$request\E/, 'under the id on the page' if defined $request && ($page->header('content-type') // '') =~ /html/;
    $site->log->take(qr/\Q$_\E/, 0) for @lines;
    return;
}

# What must be neither in the log nor on a page that is not the application's.
sub _no_secrets {
    my ($case) = @_;
    my %secret;
    for my $request (@{$case->{requests}}) {
        $secret{$_} = $request->{form}{$_} for grep { $request->{form}{$_} } qw(code code_verifier client_secret client_assertion refresh_token);
        $secret{access_token} = $1 if ($request->{headers}{authorization} // '') =~ /^Bearer (.+)/;
    }
    my $text = join "\n", @{$case->{lines}}, sent($case->{page}) ? () : $case->{page}->body;
    my @told = grep { length $secret{$_} > 7 && index($text, $secret{$_}) >= 0 } sort keys %secret;
    is "@told", '', 'no secret is told';
    return;
}

sub done_cases {
    my @dead = $site->log->lines(qr/AH0005[012]|exit signal|Sanitizer|runtime error/);
    is scalar(@dead), 0, 'no child died' or diag join "\n", @dead;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return SSO::Test::done_testing();
}

1;
