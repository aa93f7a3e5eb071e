# SPDX-License-Identifier: Apache-2.0
# conf-examples/docker, bare-metal and kubernetes, as far as neither an engine nor a cluster is needed: the steps of the
# Dockerfile are run as a script, its httpd loads the sites, names that one file takes from another exist there, and
# the pod's containers are played with a Secret mounted as Kubernetes does it.
use lib 't/lib';
use SSO::Test;

use Cwd qw(abs_path);
use SSO::Source qw(files slurp none);
use SSO::Tls;

my $top = $SSO::Source::top;
my $work = File::Temp->newdir('sso-deploy-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$work";
my %value = (host => 'sso.acme.test', issuer => 'https://login.acme.test/', 'client-id' => '0oa4h1bQ7Kx2',
    'email-domain' => 'acme.test', application => 'http://openmetadata:8585/', image => 'httpd-sso', admin => 'alice',
    'openmetadata-image' => 'openmetadata-server', 'key-id' => 'acme-2026');
chomp($value{'session-key'} = qx(openssl rand -base64 32));

sub fill { my ($text) = @_; return $text =~ s/<([a-z][a-z-]*)>/$value{$1} \/\/ die "no value for <$1>\n"/ger }

sub write_file {
    my ($path, $text, $mode) = @_;
    system 'mkdir', '-p', $path =~ s{/[^/]+\z}{}r;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}

# The documents of a YAML file, by Debian's own parser.
sub yaml {
    my ($path) = @_;
    my $text = qx(/usr/bin/python3 -c 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))' '$path');
    return $? ? () : @{JSON::PP->new->utf8->decode($text)};
}

# --- every file ------------------------------------------------------------------------------------------------------

my @all = files(qr{^conf-examples/[^/]+/});
is_deeply \@all, [map { "conf-examples/$_" } qw(bare-metal/README.md bare-metal/site.conf bare-metal/sso_oidc.load
    docker/Dockerfile docker/README.md docker/compose.yaml docker/site.conf
    kubernetes/README.md kubernetes/configmap.yaml kubernetes/deployment.yaml kubernetes/secret.yaml
    kubernetes/service.yaml)], 'the promised files, and nothing else';
for my $file (grep { !/\.md$/ } @all) {
    my $marked = 0;
    my @unmarked;
    for my $line (split /\n/, slurp($file)) {
        if ($line =~ /^\s*#/) { $marked ||= $line =~ /# change this: \w/; next }
        $marked = 0 if $line !~ /\S/;
        push @unmarked, $line if $line =~ /<[a-z][a-z-]*>/ && !$marked;
    }
    none \@unmarked, "$file: what has to be changed is marked";
}
my %doc = map { ($_ => [yaml("$top/$_")]) } grep { /\.yaml$/ } @all;
ok scalar @{$doc{$_}}, "$_ is YAML" for sort keys %doc;
my ($compose) = @{$doc{'conf-examples/docker/compose.yaml'}};
my %object = map { ($_->{kind} => $_) } grep { $_->{kind} } map { @$_ } values %doc;

for my $readme (grep { /README/ } @all) {
    my ($folder) = $readme =~ m{(.*)/};
    none [grep { !-e "$top/$folder/$_" } slurp($readme) =~ /\]\(([^)#]+)/g], "$readme: links lead to files";
}

# --- the Dockerfile as a script --------------------------------------------------------------------------------------

my @stages;
for my $line (split /\n/, slurp('conf-examples/docker/Dockerfile') =~ s/^#.*\n//mgr =~ s/\\\n\s*//gr) {
    my ($word, $rest) = $line =~ /^([A-Z]+) (.*)/ or next;
    if ($word eq 'FROM') { push @stages, {from => $rest, steps => []} }
    else { push @{$stages[-1]{steps}}, [$word, $rest] }
}
is_deeply [map { $_->{from} } @stages], ['debian:12 AS build', 'debian:12'], 'two stages of Debian 12';

my $debian = -x '/usr/sbin/a2enmod' ? '' : "$top/build/debian";
ok -x "$debian/usr/sbin/a2enmod", 'the configuration of Debian is there' or diag 'run ./dev setup';
my $root = "$work/root";
system 'mkdir', '-p', map { "$root/$_" } qw(usr/lib/apache2/modules etc/apache2/mods-enabled etc/apache2/conf-enabled
    etc/apache2/sites-enabled var/lib/apache2 var/log/apache2 run/apache2 run/lock/apache2);
system 'cp', '-r', (map { "$debian/etc/apache2/$_" } qw(apache2.conf ports.conf envvars magic mods-available
    conf-available sites-available)), "$root/etc/apache2/";
my %a2 = (APACHE_CONFDIR => "$root/etc/apache2", APACHE_STATE_DIRECTORY => "$root/var/lib/apache2");
sub shell {
    my ($command, %env) = @_;
    local @ENV{keys %env} = values %env;
    my $said = qx{( $command ) 2>&1 < /dev/null};
    return ($? == 0, $said);
}
# What installing the package apache2 leaves behind.
my ($enabled, $how) = shell("$debian/usr/sbin/a2enmod -q mpm_event authz_core authz_host authz_user authn_core authn_file auth_basic access_compat alias dir autoindex env mime negotiation setenvif filter deflate status reqtimeout && $debian/usr/sbin/a2ensite -q 000-default && $debian/usr/sbin/a2enconf -q other-vhosts-access-log", %a2);
ok $enabled, 'a fresh Debian httpd' or diag $how;

my (@build_packages, @run_packages);
my $modules = SSO::Httpd::host_facts()->{modules};
# Paths of the image -> paths here. Debian's programs are found where they are.
sub here {
    my ($stage, $text) = @_;
    return $text =~ s{(?<![\w.\}/-])/(src|build|out)\b}{$work/$1}gr if $stage == 0;
    return $text =~ s{(?<![\w.\}/-])/(etc|var|usr/lib/apache2)/}{$root/$1/}gr =~ s{\b(a2(?:en|dis)\w+)}{$debian/usr/sbin/$1}gr;
}
for my $stage (0, 1) {
    for my $step (@{$stages[$stage]{steps}}) {
        my ($word, $rest) = @$step;
        if ($word eq 'RUN' && $rest =~ /^apt-get update && apt-get install -y --no-install-recommends ([^&]+)/) {
            push @{$stage ? \@run_packages : \@build_packages}, split ' ', $1;
        } elsif ($word eq 'COPY' && $rest eq '. /src') {
            my ($copied, $said) = shell("mkdir $work/src && cd '$top' && git ls-files -z --cached --others --exclude-standard | grep -zE '^(Makefile.am|configure.ac|mod_sso_oidc.c|src/|t/(unit|fuzz|[^/]+\$)|conf-examples/|docs/|README|CHANGES|LICENSE|dev\$)' | xargs -0 cp --parents -t $work/src");
            ok $copied && -e "$work/src/configure.ac", "$word $rest" or diag $said;
        } elsif ($word eq 'COPY') {
            my ($from, @files) = $rest =~ /^--from=build (.*)/ ? ('', split ' ', $1) : ("$work/src/", split ' ', $rest);
            my $to = here(1, pop @files);
            my ($copied, $said) = shell('cp ' . join(' ', map { $from ? "$from$_" : here(0, $_) } @files) . " $to");
            ok $copied, "$word $rest" or diag $said;
        } elsif ($word eq 'RUN') {
            my ($done, $said) = shell(here($stage, $rest), $stage ? %a2 : (CFLAGS => '-O0'));
            ok $done, "$word $rest" or diag $said;
        }
    }
}
# A tree that was built in place is no source any more: what configure and make write stays out of the image.
my @patterns = map { my $glob = quotemeta =~ s{^\\\*\\\*\\/}{(?:.*/)?}r =~ s{\\\*}{[^/]*}gr; qr{^$glob$} } grep { /^[^#]/ } split /\n/, slurp('.dockerignore');
my @written = map { s{^\Q$work\E/build/}{}r } grep { -f } split /\n/, qx(find '$work/build');
ok scalar(grep { $_ eq 'config.status' } @written), 'the build left files';
none [grep { my $file = $_; my @parts = split m{/}; !grep { my $path = join '/', @parts[0 .. $_]; grep { $path =~ $_ } @patterns } 0 .. $#parts } @written],
    '.dockerignore names all that a build leaves';
my ($of_dev) = slurp('dev') =~ /^build_packages=\(([^)]+)\)/m;
is_deeply [sort @build_packages], [sort grep { $_ ne 'libcmocka-dev' } split ' ', $of_dev], 'the packages of the build are those of ./dev';
for my $readme (qw(README.md conf-examples/bare-metal/README.md)) {
    my ($by_hand) = slurp($readme) =~ /apt-get install (.*?[^\\])$/ms;
    is_deeply [sort split /[\s\\]+/, $by_hand], [sort @build_packages, 'apache2'], "… and of $readme";
}
my %needed = ('libcurl.so.4' => 'libcurl4', 'libjansson.so.4' => 'libjansson4', 'libhiredis.so.0.14' => 'libhiredis0.14', 'libcrypto.so.3' => 'apache2', 'libz.so.1' => 'apache2');
my @needs = grep { !/^(?:libc|ld-linux\S*|libpthread)\.so/ } qx(objdump -p '$root/usr/lib/apache2/modules/mod_sso_oidc.so') =~ /NEEDED\s+(\S+)/g;
ok scalar @needs, 'the module was built and copied';
none [grep { my $package = $needed{$_}; !$package || !grep { $_ eq $package } @run_packages } @needs], 'its libraries are in the second stage';
ok -e "$root/etc/apache2/mods-enabled/$_.load", "$_ is enabled" for qw(sso_oidc ssl proxy_http socache_shmcb);
ok !-e "$root/etc/apache2/sites-enabled/000-default.conf", 'the default site is not';
is sprintf('%04o', (stat "$root/var/lib/mod_sso_oidc")[2] & 07777), '0711', 'the folder of the keys';

# --- the sites in that httpd -----------------------------------------------------------------------------------------

my $authority = SSO::Tls->new("$work");
my $leaf = $authority->leaf('site', names => ['sso.acme.test']);
@value{qw(certificate certificate-key)} = @$leaf{qw(cert key)};
system 'mkdir', '-p', "$root/etc/apache2/certs";
system 'cp', $leaf->{cert}, "$root/etc/apache2/certs/fullchain.pem";
system 'cp', $leaf->{key}, "$root/etc/apache2/certs/privkey.pem";
my %apache = (APACHE_RUN_USER => 'www-data', APACHE_RUN_GROUP => 'www-data', APACHE_PID_FILE => "$root/run/apache2/pid",
    APACHE_RUN_DIR => "$root/run/apache2", APACHE_LOCK_DIR => "$root/run/lock/apache2", APACHE_LOG_DIR => "$root/var/log/apache2", LANG => 'C');
my $program = SSO::Httpd::host_facts()->{program};
# The module under test in place of the one without optimisation; /dev/stderr of a test is no log to open.
my $load = "$root/etc/apache2/mods-available/sso_oidc.load";
like slurp($load), qr{^LoadModule sso_oidc_module /usr/lib/apache2/modules/mod_sso_oidc\.so$}m, 'the load file names the place of the module';
write_file($load, 'LoadModule sso_oidc_module ' . SSO::Httpd::module_path() . "\n");
unlink "$root/var/log/apache2/$_" for qw(error.log other_vhosts_access.log);

sub configtest {
    my ($site, $ports) = @_;
    write_file("$root/etc/apache2/sites-enabled/site.conf", $site =~ s{/etc/apache2/certs/}{$root/etc/apache2/certs/}gr);
    write_file("$root/etc/apache2/ports.conf", $ports) if $ports;
    my $state = $site =~ /SSOStateDir/ ? '' : "-C 'SSOStateDir $root/var/lib/mod_sso_oidc'";
    my $preload = $ENV{SSO_PRELOAD} ? "LD_PRELOAD='$ENV{SSO_PRELOAD}' ASAN_OPTIONS=detect_leaks=0" : '';
    my ($ok, $said) = shell("$preload $program -d $root/etc/apache2 -f $root/etc/apache2/apache2.conf -t", %apache);
    return ($ok, $said =~ s/^AH00558.*\n//mr);
}
my $config = $object{ConfigMap}{data};
for my $case (['the quickstart of README.md', slurp('conf-examples/quickstart.conf', ':raw')], ['docker', slurp('conf-examples/docker/site.conf', ':raw')], ['bare-metal', slurp('conf-examples/bare-metal/site.conf', ':raw')]) {
    my ($name, $site) = @$case;
    my ($ok, $said) = configtest($site =~ s/<(host|certificate|certificate-key|application)>/$value{$1}/gr);
    ok !$ok && $said =~ /SSO135: SSOIssuer: .*placeholder/, "$name: does not start as it is, and says what to change" or diag $said;
    ($ok, $said) = configtest(fill($site));
    ok $ok, "$name: starts with its marked lines filled in" or diag $said;
    # That tokens of OpenMetadata have no audience is said at every start.
    is $said =~ s/^(?:Syntax OK|SSO126: .*)\n//mgr, '', "$name: without a warning";
}

# --- what one file takes from another --------------------------------------------------------------------------------

subtest 'compose.yaml, Dockerfile and site.conf agree' => sub {
    my ($httpd, $app) = @{$compose->{services}}{qw(httpd openmetadata-server)};
    my $site = slurp('conf-examples/docker/site.conf');
    ok -e "$top/conf-examples/docker/$httpd->{build}{context}/$httpd->{build}{dockerfile}", 'the Dockerfile';
    is_deeply $httpd->{ports}, ['443:443'], 'only https is open';
    my ($exposed) = map { $_->[1] } grep { $_->[0] eq 'EXPOSE' } @{$stages[1]{steps}};
    is $exposed, 443, 'the port of the image';
    like $site, qr/<VirtualHost \*:443>/, '… and of the site';
    my %mounted = map { my ($from, $to) = split /:/; ($to => $from) } @{$httpd->{volumes}};
    is $mounted{'/etc/apache2/sites-enabled/site.conf'}, './site.conf', 'the site is mounted where httpd looks';
    ok $mounted{'/etc/apache2/certs'}, 'certificates';
    like $site, qr{SSLCertificateFile\s+/etc/apache2/certs/}, '… are read from there';
    is $mounted{'/var/lib/mod_sso_oidc'}, 'sso-keys', 'keys lie in a volume';
    ok exists $compose->{volumes}{'sso-keys'}, '… that exists';
    ok !$app->{ports}, 'OpenMetadata has no port of its own';
    is $app->{network_mode}, 'service:httpd', '… and the loopback of httpd';
    my $env = $app->{environment};
    is $env->{SERVER_HOST}, '127.0.0.1', '… where it listens';
    my ($audience) = $site =~ /SSOMintAudience (\S+)/;
    is $env->{AUTHENTICATION_CLIENT_ID}, $audience, 'one audience';
    my ($keys) = $site =~ /^Listen (127\.0\.0\.1:\d+)$/m;
    like $env->{AUTHENTICATION_PUBLIC_KEYS}, qr{^\[http://\Q$keys\E/sso/jwks,http://127\.0\.0\.1:8585/}, 'one place of keys';
    is_deeply [$site =~ m{https?://127\.0\.0\.1:(\d+)}g], [8580, 8585, 8585, 8585], 'one port of OpenMetadata';
    like slurp('conf-examples/bare-metal/README.md'), qr/AUTHENTICATION_CLIENT_ID=\Q$audience\E\n.*\Q$env->{AUTHENTICATION_PUBLIC_KEYS}\E/s, 'bare metal says the same';
    my ($folder) = map { (split /:/)[1] } @{$app->{volumes}};
    like $env->{"RSA_${_}_KEY_FILE_PATH"}, qr{^\Q$folder\E/}, "the \L$_\E key of OpenMetadata is one of its own" for qw(PUBLIC PRIVATE);
    isnt $env->{JWT_KEY_ID}, 'Gb389a-9f76-gdjs-a92j-0242bk94356', 'and its name too';
};

my $pod = $object{Deployment}{spec}{template}{spec};
my ($httpd, $init) = ($pod->{containers}[0], $pod->{initContainers}[0]);
my %mount = map { ($_->{subPath} // $_->{name} => $_) } @{$httpd->{volumeMounts}};
subtest 'the objects of Kubernetes agree' => sub {
    is $object{Deployment}{spec}{selector}{matchLabels}{app}, $object{Deployment}{spec}{template}{metadata}{labels}{app}, 'Deployment and its pods';
    is_deeply $object{Service}{spec}{selector}, $object{Deployment}{spec}{template}{metadata}{labels}, 'Service and pods';
    is $object{Service}{spec}{ports}[0]{targetPort}, $httpd->{ports}[0]{name}, 'the port of the Service';
    is $config->{'ports.conf'}, "Listen $httpd->{ports}[0]{containerPort}\n", '… is where httpd listens';
    like $config->{'site.conf'}, qr/<VirtualHost \*:$httpd->{ports}[0]{containerPort}>/, '… and the site';
    cmp_ok $object{Deployment}{spec}{replicas}, '>', 1, 'several replicas';
    my %volume = map { ($_->{name} => $_) } @{$pod->{volumes}};
    is $volume{config}{configMap}{name}, $object{ConfigMap}{metadata}{name}, 'ConfigMap';
    is $volume{keys}{secret}{secretName}, $object{Secret}{metadata}{name}, 'Secret';
    none [grep { !$volume{$_->{name}} } @{$httpd->{volumeMounts}}, @{$init->{volumeMounts}}], 'each mount is a volume';
    is $mount{$_}{mountPath} =~ s{.*/}{}r, $_, "$_ is mounted" for sort keys %$config;
    my ($secret) = map { $_->{mountPath} } grep { $_->{name} eq 'keys' } @{$init->{volumeMounts}};
    is_deeply [sort $init->{args}[0] =~ m{\Q$secret\E/(\S+)}g], [sort keys %{$object{Secret}{stringData}}], 'the keys of the Secret are copied';
    ok !grep({ $_->{name} eq 'keys' } @{$httpd->{volumeMounts}}), 'httpd itself does not see the Secret';
    my ($copies) = $init->{args}[0] =~ m{install -m 600 .* (/\S+/)$}m;
    is_deeply [sort map { m{\Q$copies\E([\w.-]+)} } $config->{'site.conf'} =~ m{SSO(?:KeyFile|MintKey)\s+(\S+)}g], [sort keys %{$object{Secret}{stringData}}], '… to where the site reads them';
    ok $pod->{securityContext}{runAsNonRoot} && !$_->{securityContext}{allowPrivilegeEscalation} && $_->{securityContext}{readOnlyRootFilesystem}, "$_->{name}: without root" for $httpd, $init;
};

# --- the pod, played -------------------------------------------------------------------------------------------------

# As the kubelet mounts a Secret for fsGroup 33: each key is a link through "..data", its file is root's and the group's.
my $group = getpwnam 'www-data';
my $root_user = $> == 0;
my $secret = "$work/secret";
$value{'mint-key'} = qx(openssl genrsa 2048 2>/dev/null);
for my $key (keys %{$object{Secret}{stringData}}) {
    my $content = fill($object{Secret}{stringData}{$key});
    write_file("$secret/..2026_01_02/$key", $content, 0440);
    symlink "..data/$key", "$secret/$key" or die;
}
symlink '..2026_01_02', "$secret/..data" or die;
chmod 0750, "$secret/..2026_01_02";
chmod 0755, $secret;
system 'chown', '-R', "0:$group", $secret if $root_user;
my @as_www_data = $root_user ? ('setpriv', '--reuid', $group, '--regid', $group, '--clear-groups', '--') : ();

subtest 'a mounted Secret itself is refused' => sub {
    my $key = $config->{'site.conf'} =~ s{/run/sso/sso\.key}{$secret/sso.key}r =~ s{/run/sso/state}{$root/var/lib/mod_sso_oidc}r =~ s{.*SSOMintKey.*\n}{}r;
    my ($ok, $said) = configtest(fill($key), "Listen 8080\n");
    ok !$ok && $said =~ m{SSO180: SSOKeyFile: \S+sso\.key is a symbolic link; name the file itself}, 'as a link' or diag $said;
    ($ok, $said) = configtest(fill($key =~ s{\Q$secret/sso.key}{$secret/..2026_01_02/sso.key}r), "Listen 8080\n");
    ok !$ok && $said =~ m{SSO180: SSOKeyFile: \S+sso\.key can be used by others \(mode 440\)}, 'and as a file of its group' or diag $said;
};

# A replica: the init container's script, then httpd with the ConfigMap's files, both as www-data.
package Replica {
    our @ISA = ('SSO::Httpd');
    sub _command { my ($self, @more) = @_; return (@as_www_data, $self->SUPER::_command(@more)) }
}

my $issuer_site = site(start => 0, snippet => '');
my $op = $issuer_site->op;
sub replica {
    my $self = Replica->new;
    my $run = $self->root . '/pod';
    mkdir $run or die;
    chown $group, $group, $run, map { $self->root . "/$_" } qw(logs run) if $root_user;
    my $script = $init->{args}[0] =~ s{/etc/sso-keys/}{$secret/}gr =~ s{(?<![\w/])/run/}{$run/}gr;
    my ($shell, $flags) = @{$init->{command}};
    my @command = (@as_www_data, $shell, $flags, $script);
    system(@command) == 0 or fail 'the init container';
    my $site = fill($config->{'site.conf'} =~ s{<issuer>}{$op->issuer}er =~ s{<client-id>}{public}r =~ s{<application>}{$issuer_site->upstream->origin . '/'}ger);
    $site =~ s{(?<![\w/])/run/}{$run/}g;
    $site =~ s{\*:8080}{*:\${PORT}};
    $site =~ s{https://sso\.acme\.test}{$_[0]};
    $site =~ s{acme\.test'}{example.com'};
    $self->conf("SSODevelopment On\n$site");
    return $self;
}

subtest 'two replicas with one Secret are one site' => sub {
    my $tls = $authority->leaf('front', names => ['localhost', '127.0.0.1']);
    my $front = SSO::Httpd->new(module => 0, host => 'localhost', tls => $tls);
    my @pods = map { replica($front->origin) } 1, 2;
    for my $pod (@pods) {
        my ($ok, $said) = $pod->configtest;
        ok $ok, 'httpd -t passes as www-data' or diag $said;
        $pod->start;
        is sprintf('%04o %d', (stat $pod->root . '/pod/sso/sso.key')[2] & 07777, (stat _)[4]), sprintf('0600 %d', $root_user ? $group : $>), 'the key is www-data\'s alone';
    }
    my @ids = map { ($_->log->take(qr/SSO001/) // '') =~ /has ([0-9a-f]{8}) \(seals\)/ } @pods;
    ok @ids == 2 && $ids[0] eq $ids[1], 'the same key, by its id in the log';
    $front->conf('ProxyPreserveHost On' . "\n" . 'ProxyPass /one/ ' . $pods[0]->url('/') . "\nProxyPass / " . $pods[1]->url('/'));
    $front->start;
    my $browser = SSO::Browser->new(ca => $authority->ca);
    my $page = $browser->go($front->url('/api/'));
    my $answer = $browser->get($pods[0]->url('/sso/session'), headers => {Host => 'localhost:' . $front->port}, plain => 1);
    is $answer->status, 200, 'the readiness probe is answered';
    is_deeply [$answer->headers('Set-Cookie')], [], '… without a cookie';
    $page = $browser->go($front->url('/page'));
    is $page->status, 200, 'a person signs in through one replica' or diag $page->summary;
    like sent($page) && sent($page)->{url}, qr{^/auth/callback\?id_token=[^&]+&email=alice%40example\.com}, '… and the interface of OpenMetadata gets what it asks for';
    my $other = $browser->get($front->url('/one/page'));
    is $other->status, 200, 'the other one knows her';
    my ($one, $two) = map { $browser->get($front->url($_))->json->{keys}[0] } '/sso/jwks', '/one/sso/jwks';
    is $one->{kid}, $two->{kid}, 'and both sign tokens with one key';
    $_->stop for $front, @pods;
};
done_testing;
