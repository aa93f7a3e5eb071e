# SPDX-License-Identifier: Apache-2.0
# One line makes a test program: strict, Test::More, JSON, and a whole site in one call.
#
#   use lib 't/lib';
#   use SSO::Test;
#   my $site = site(client => 'basic', snippet => 'SSOScope "openid email"');
#   my $page = login($site, '/protected/');
#   is $page->status, 200, 'alice is in';
#   is sent_header($page, 'X-SSO-email'), 'alice@example.com', 'her address reaches the application';
#   expect_log $site, qr/reason=nonce-wrong/, 'the log says why';
#   done_testing;    # stops everything, and fails on undeclared warnings in the log and on anything left behind
package SSO::Test;
use strict;
use warnings;
use utf8;

use Carp qw(croak);
use Exporter ();
use JSON::PP ();
use Test::More import => ['!done_testing'];

use SSO::Browser;
use SSO::Httpd;
use SSO::OP;
use SSO::Tls;
use SSO::Upstream;

our @own = qw(site watch_site login sent sent_header expect_log allow_log refused done_testing true false);
our @EXPORT = (@own, grep { $_ ne 'done_testing' } @Test::More::EXPORT);
our @sites;
our $done;

my %secret = (basic => 'a basic secret + with / odd & characters %', post => 'a-post-secret-of-32-characters-or-so',
    jwt => 'a-jwt-secret-of-at-least-32-characters');

sub import {
    strict->import;
    warnings->import;
    utf8->import;
    binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output,
        Test::More->builder->todo_output;
    goto &Exporter::import;
}

sub true { return JSON::PP::true }
sub false { return JSON::PP::false }

# site(provider => 'scripted'|'real'|an SSO::OP|'none', op => {its script or configuration}, client => 'public'|'basic'|
#      'post'|'jwt'|'none', snippet => server configuration, location => inside <Location /protected/>,
#      require => 'valid-user', httpd => {arguments of SSO::Httpd}, tls => 1, start => 0, browser => {…},
#      server => '…' (replaces all of our server configuration), keep_provider => 1 (its owner stops it))
sub site {
    my (%args) = @_;
    my $self = bless {client => 'public', require => 'valid-user', provider => 'scripted', %args}, 'SSO::Site';
    my %httpd = %{$args{httpd} // {}};
    if ($args{tls}) {
        $self->{certs} = File::Temp->newdir('sso-tls-XXXXXXXX', TMPDIR => 1);
        chmod 0755, "$self->{certs}";
        $self->{authority} = SSO::Tls->new("$self->{certs}");
        $httpd{host} //= 'localhost';
        $httpd{tls} = $self->{authority}->leaf('site',
            names => ['127.0.0.1', 'localhost', $httpd{host}, "*.$httpd{host}"]);
    }
    $self->{httpd} = SSO::Httpd->new(%httpd);
    my $kind = $args{provider} // 'scripted';
    $self->{op} = ref $kind ? $kind : $kind eq 'none' ? undef : $kind eq 'real'
        ? SSO::OP->real({origin => $self->origin, %{$args{op} // {}}}) : SSO::OP->scripted($args{op});
    $self->{upstream} = SSO::Upstream->new;
    $self->{browser} = $self->new_browser(%{$args{browser} // {}});
    $self->{httpd}->conf($self->_conf);
    $self->log->allow(qr/SSO002: SSODevelopment/, qr/AH01873: Init: Session Cache is not configured/);
    push @sites, $self;
    $self->{httpd}->start if $args{start} // 1;
    return $self;
}

# Any object with an httpd: done_testing stops it and judges its log too.
sub watch_site {
    my ($object) = @_;
    push @sites, bless {httpd => $object->{httpd}, made_by => $object, op => $object->{op}}, 'SSO::Site';
    return $sites[-1];
}

# Goes to a guarded page, signs in where the provider asks, and returns the page at the end.
#   login($site, '/protected/', user => 'alice', browser => $browser)
sub login {
    my ($site, $path, %args) = @_;
    my $browser = $args{browser} // $site->browser;
    my $page = $browser->go($site->url($path // '/protected/'), %{$args{request} // {}});
    my @hops = $page->hops;
    for (1 .. 3) {
        my ($form) = $page->forms;
        last if !$form || !grep { ($_->{name} // '') eq 'login' } @{$form->{controls}};
        my $user = $args{user} // 'alice';
        $page = $browser->settle($browser->submit($page, {login => $user, password => $args{password} // $user}));
        push @hops, $page->hops;
    }
    @$page{qw(hops browser)} = (\@hops, $browser);
    return $page;
}

# What reached the application: {method, url, headers, raw, body}; undef when the answer is not the application's.
sub sent {
    my ($page) = @_;
    my $seen = eval { $page->json };
    return ref $seen eq 'HASH' && $seen->{raw} ? $seen : undef;
}
sub sent_header { my ($page, $name) = @_; my $seen = sent($page); return $seen && $seen->{headers}{lc $name} }

# Waits for a line of the error log, takes it, and is a test. Returns the line.
sub expect_log {
    my ($site, $pattern, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $line = $site->log->take($pattern, 10);
    Test::More::ok(defined $line, $name // "the log says $pattern")
        or Test::More::diag('the log says: ', join "\n", $site->log->lines(qr/sso_oidc|SSO\d/));
    return $line;
}

# Declares lines of the log that may come.
sub allow_log { my ($site, @patterns) = @_; return $site->log->allow(@patterns) }

# A login that must not succeed: status 4xx or 5xx from us, no session cookie, nothing reached the application, this
# reason in the log.
sub refused {
    my ($site, $page, $status, $reason, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::subtest($name => sub {
        Test::More::like($page->status, $status, 'status') or Test::More::diag($page->summary);
        Test::More::ok(!$site->session_cookie($page->{browser} // $site->browser), 'no session cookie');
        Test::More::ok(!sent($page), 'the application saw nothing');
        expect_log($site, qr/reason=$reason\b/, "the log says $reason");
    });
}

sub done_testing {
    my ($count) = @_;
    $done = 1;
    $_->finish for @sites;
    return Test::More::done_testing($count);
}

END {
    if (@sites && !$done && $$ == $SSO::Proc::owner) {
        Test::More::diag('the test ended before done_testing; the log says:');
        Test::More::diag(join "\n", grep { /\[[\w-]*:?(?:warn|error|crit|alert|emerg)\]/ } $_->log->lines) for @sites;
        @sites = ();
    }
}

package SSO::Site;

sub httpd { $_[0]{httpd} }
sub op { $_[0]{op} }
sub upstream { $_[0]{upstream} }
sub browser { $_[0]{browser} }
sub log { $_[0]{httpd}->log }
sub origin { $_[0]{httpd}->origin }
sub url { my ($self, $path) = @_; return $self->{httpd}->url($path) }

# Stops everything; tests that nothing is left and that the log held nothing undeclared. done_testing does it for each
# site; a test with many sites may do it as soon as one is done.
sub finish {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return if $self->{finished}++;
    my @left = $self->{httpd}->stop;
    Test::More::is_deeply(\@left, [], 'httpd ended and left nothing behind');
    my @undeclared = $self->log->undeclared;
    Test::More::is(scalar @undeclared, 0, 'the error log holds nothing undeclared')
        or Test::More::diag(join "\n", @undeclared[0 .. ($#undeclared < 40 ? $#undeclared : 40)]);
    $_ && $_->stop for $self->{keep_provider} ? () : $self->{op}, $self->{upstream};
    return;
}

# Another person's browser.
sub new_browser {
    my ($self, %args) = @_;
    return SSO::Browser->new($self->{authority} ? (ca => $self->{authority}->ca) : (),
        $self->{resolve} ? (resolve => $self->{resolve}) : (), %args);
}

# The session cookie that a browser holds for this site.
sub session_cookie {
    my ($self, $browser) = @_;
    my $name = qr/^(?:__Host-sso|sso-\d+)(?:-(?!login|return|(?:t|d|out|new)\b)\w+)?$/;
    my ($cookie) = grep { $_->{name} =~ $name } ($browser // $self->{browser})->jar->all;
    return $cookie;
}

sub client_conf {
    my ($self) = @_;
    return '' if $self->{client} eq 'none' || !$self->{op};
    my $conf = "SSOIssuer @{[$self->{op}->issuer]}\nSSOClientID $self->{client}\n";
    $conf .= "SSOClientSecret \"$secret{$self->{client}}\"\n" if $secret{$self->{client}};
    $conf .= "SSOClientAuth client_secret_post\n" if $self->{client} eq 'post';
    $conf .= "SSOClientAuth client_secret_jwt\n" if $self->{client} eq 'jwt';
    return $conf;
}

sub _conf {
    my ($self) = @_;
    my $upstream = $self->{upstream}->origin;
    return $self->{server} =~ s/\$\{UPSTREAM\}/$upstream/gr if defined $self->{server};
    my $development = $self->{tls} ? '' : "SSODevelopment On\n";
    $development = "SSODevelopment On\n" if $self->{op} && $self->{op}->issuer =~ /^http:/;
    return <<"END" =~ s/\$\{UPSTREAM\}/$upstream/gr;
${development}SSOStateDir "\${ROOT}/state"
@{[$self->client_conf]}
ProxyPass /static/ !
ProxyPass / \${UPSTREAM}/
<Location /protected/>
    AuthType sso-oidc
    Require $self->{require}
    @{[$self->{location} // '']}
</Location>
@{[$self->{snippet} // '']}
END
}

1;
