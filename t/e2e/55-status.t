# SPDX-License-Identifier: Apache-2.0
# What an operator sees of a running server: SetHandler sso-metrics in a Location of his own, our part of mod_status.
use lib 't/lib';
use SSO::Test;
use Digest::SHA qw(sha256);

my $pages = <<'END';
<Location /static/metrics>
    SetHandler sso-metrics
    Require ip 127.0.0.1
</Location>
<Location /static/elsewhere>
    SetHandler sso-metrics
    Require ip 192.0.2.1
</Location>
END
my $status_page = "<Location /static/status>\n    SetHandler server-status\n    Require ip 127.0.0.1\n</Location>\n";
my $dead = <<'END';
<SSOProvider dead>
    SSOIssuer "http://127.0.0.1:1/a&b'c"
    SSOClientID dead
</SSOProvider>
<Location /dead/>
    AuthType sso-oidc
    SSOUse dead
    Require valid-user
</Location>
END

sub metrics { my ($site) = @_; return $site->new_browser->get($site->url('/static/metrics')) }

# The figure of a metric for a provider, or without labels.
sub figure {
    my ($page, $name, $label) = @_;
    my ($value) = grep { defined } map {
        my ($labels, $n) = /^\Q$name\E(?:\{(.*)\})? (-?\d+)$/;
        defined $n && (!defined $label || $labels =~ /\Q$label\E/) ? $n : undef
    } split /\n/, $page->body;
    return $value;
}

subtest 'metrics' => sub {
    my $site = site(client => 'basic', snippet => $pages . $dead . 'SSOMaxCalls 3');
    my $issuer = $site->op->issuer;
    my $page = metrics($site);
    is $page->status, 200, 'they are answered in the operator\'s Location';
    like $page->header('Content-Type'), qr{^text/plain; version=0\.0\.4}, 'in the text format';
    is $page->header('Cache-Control'), 'no-store', 'for nobody to keep';
    my %seen;
    for my $line (split /\n/, $page->body) {
        next if $line =~ /^# (?:HELP|TYPE) \w+ /;
        my ($series) = $line =~ /^(\w+(?:\{[^}]*\})?) -?\d+$/;
        ok 0, "a sample, and only once: $line" if !defined $series || $seen{$series}++;
    }
    cmp_ok scalar keys %seen, '>', 20, 'there are samples';
    is figure($page, 'sso_provider_loaded', qq(provider="default",issuer="$issuer")), 0, 'nothing of the provider yet';
    is figure($page, 'sso_calls_limit'), 16, 'a quarter of the workers may wait';
    is figure($page, 'sso_provider_calls_limit', 'provider="default"'), 3, 'SSOMaxCalls for one provider';

    my $alice = $site->new_browser;
    is login($site, '/protected/', browser => $alice)->status, 200, 'alice signs in';
    my $cookie = $site->session_cookie($alice)->{value};
    $site->op->control({id_token => {claims => {nonce => 'wrong'}}});
    refused $site, login($site, '/protected/'), qr/^[45]/, 'idt-nonce', 'another login is refused';
    my $lost = $site->new_browser->get($site->url('/dead/'));
    is $lost->status, 502, 'a provider that is down is no use';
    expect_log $site, qr/SSO201: .*reason=fetch-connect/;
    $alice->get($site->url('/sso/logout'));

    $page = metrics($site);
    is figure($page, 'sso_provider_loaded', 'provider="default"'), 1, 'the provider is known';
    is figure($page, 'sso_provider_loaded', 'provider="dead"'), 0, 'the dead one is not';
    cmp_ok figure($page, 'sso_provider_keys', 'provider="default"'), '>=', 1, 'with its keys';
    is figure($page, 'sso_provider_stale_seconds', 'provider="default"'), 0, 'nothing is stale';
    is figure($page, 'sso_logins_started_total', 'provider="default"'), 2, 'two logins were begun';
    is figure($page, 'sso_logins_total', 'provider="default"'), 1, 'one was done';
    is figure($page, 'sso_logins_refused_total', 'provider="default"'), 1, 'one was refused';
    is figure($page, 'sso_logins_refused_total', 'provider="dead"'), 1, 'and one could not begin';
    is figure($page, 'sso_revoked', 'table="sessions"'), 1, 'one session ended before its time';
    is figure($page, 'sso_calls'), 0, 'nobody waits';
    unlike $page->body, qr/secret|\Q$cookie\E|alice/, 'no secret and no person';

    my $browser = $site->new_browser;
    my $head = $browser->head($site->url('/static/metrics'));
    is $head->status, 200, 'HEAD is answered';
    is $head->body, '', 'with no body';
    is $browser->post($site->url('/static/metrics'))->status, 405, 'POST is not';
    is $browser->get($site->url('/static/elsewhere'))->status, 403, 'Require decides who sees them';
    expect_log $site, qr/AH01630: client denied/;
    is $site->new_browser->get($site->url('/static/other'))->status, 404, 'they are nowhere else';
    is $browser->get($site->url('/sso/metrics'))->status, 404, 'and no endpoint';
};

subtest 'mod_status' => sub {
    my $site = site(snippet => $status_page . $dead);
    is login($site, '/protected/')->status, 200, 'alice signs in';
    is $site->new_browser->get($site->url('/dead/'))->status, 502, 'nobody does at the dead provider';
    expect_log $site, qr/SSO201: .*reason=fetch-connect/;
    my $page = $site->new_browser->get($site->url('/static/status'));
    is $page->status, 200, 'the page of mod_status';
    my ($ours) = $page->body =~ m{(<h2>mod_sso_oidc .*)}s;
    ok $ours, 'has a part of ours';
    my $issuer = $site->op->issuer;
    like $ours, qr{<td>default</td><td>\Q$issuer\E</td><td>\d+ s</td><td>\d+ s</td><td>[1-9]\d*</td><td>no</td>},
        'the provider, how old its metadata and keys are, and that they are not stale';
    like $ours, qr{<td>0 of 8, 0 refused</td><td>1 / 1 / 0</td><td>-</td>}, 'calls, logins, no failure';
    like $ours, qr{<td>dead</td><td>http://127\.0\.0\.1:1/a&amp;b}, 'the dead one, its issuer escaped';
    like $ours, qr{<td>0 / 0 / 1</td><td>fetch-connect: }, 'and what went wrong';
    unlike $ours, qr{a&b}, 'nothing from outside is markup';
    my $auto = $site->new_browser->get($site->url('/static/status?auto'))->body;
    like $auto, qr/^SsoCalls: 0\nSsoCallsLimit: 16\nSsoCallsRefused: 0\nSsoProvidersStale: 0\n/m, '?auto has lines';
    like $auto, qr/^SsoLoginsStarted: 1\nSsoLogins: 1\nSsoLoginsRefused: 1\n/m, 'of logins too';
};

# The copy on disk as if it had been fetched earlier: it has expired a hundred seconds ago. Magic, three times in
# microseconds for the metadata, …, SHA-256 of all that.
sub age_copy {
    my ($path) = @_;
    open my $file, '+<:raw', $path or die "$path: $!";
    my $bytes = do { local $/; <$file> };
    my ($fetched, $due, $expires) = unpack 'x8 Q>3', $bytes;
    my $shift = $expires - (time - 100) * 1_000_000;
    substr($bytes, 8, 24) = pack 'Q>3', map { $_ - $shift } $fetched, $due, $expires;
    substr($bytes, -32) = sha256(substr $bytes, 0, -32);
    seek $file, 0, 0;
    print $file $bytes;
    close $file or die "$path: $!";
}

subtest 'a provider whose metadata cannot be renewed' => sub {
    my $site = site(snippet => $pages . $status_page);
    is login($site, '/protected/')->status, 200, 'alice signs in';
    my ($copy) = glob $site->httpd->root . '/state/cache/*';
    $site->httpd->stop;
    $site->op->stop;
    age_copy($copy);
    $site->httpd->start;
    is $site->new_browser->get($site->url('/protected/'))->status, 302, 'the last good copy serves';
    expect_log $site, qr/SSO323: .*reason=fetch-connect/, 'the log says that it could not be renewed';
    my $page = metrics($site);
    my $stale = figure($page, 'sso_provider_stale_seconds', 'provider="default"');
    ok $stale >= 100 && $stale < 200, 'the metrics say for how long' or diag $page->body;
    cmp_ok figure($page, 'sso_provider_refresh_failures', 'provider="default"'), '>=', 1, 'and that it was tried';
    my $browser = $site->new_browser;
    like $browser->get($site->url('/static/status'))->body, qr{<td>for 1\d\d s</td>.*fetch-connect: },
        'so does mod_status';
    like $browser->get($site->url('/static/status?auto'))->body, qr/^SsoProvidersStale: 1$/m, 'and ?auto';
    allow_log $site, qr/SSO32[35]/;
};

subtest 'without mod_status' => sub {
    my $site = site(snippet => $pages, httpd => {without => ['status']});
    is login($site, '/protected/')->status, 200, 'the module does its work';
    is figure(metrics($site), 'sso_logins_total', 'provider="default"'), 1, 'and the metrics are there';
};

subtest 'in a server without a provider' => sub {
    my $site = site(provider => 'none', server => "Alias /static/ \"\${ROOT}/htdocs/\"\n$pages$status_page");
    my $page = metrics($site);
    is $page->status, 200, 'metrics are answered';
    like $page->body, qr/^sso_info\{version="[^"]+"\} 1$/m, 'with the version';
    unlike $page->body, qr/^sso_(?!info)/m, 'and nothing else';
    unlike $site->new_browser->get($site->url('/static/status'))->body, qr/mod_sso_oidc \d.*<table/s,
        'mod_status has no part of ours';
};
done_testing;
